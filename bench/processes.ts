// The CPU time and memory of processes, from /proc (proc(5)). Linux only; reads /proc.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

export type Process = {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** The CPU time of children that have ended and were waited for. */
  readonly endedChildrenSeconds: number;
};

/** All processes that we can see. */
function listProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

/** The process and all its descendants. */
export function familyOf(root: number): Process[] {
  const all = listProcesses();
  const family = all.filter(({ pid }) => pid === root);
  for (const member of family) family.push(...all.filter(({ parent }) => parent === member.pid));
  return family;
}

/** User and system time together. For processes that run it is exact to the nanosecond, for children that ended to the tick. */
export function cpuSecondsOf(processes: readonly Process[]): number {
  return processes.reduce((sum, each) => sum + runSeconds(each.pid) + each.endedChildrenSeconds, 0);
}

/**
 * The proportional set size: shared memory is divided among the processes that share it, so that a sum counts it once.
 * @returns undefined where we may not look at a process: for those of a container one must be root
 */
export function memoryBytesOf(processes: readonly Process[]): number | undefined {
  let sum = 0;
  for (const { pid } of processes) {
    const text = readOrNothing(`/proc/${pid}/smaps_rollup`);
    if (text === undefined && existsSync(`/proc/${pid}`)) return undefined;
    sum += parsePss(text ?? '');
  }
  return sum;
}

/** @param text of /proc/PID/stat */
export function parseStat(text: string): Process | undefined {
  // The name of the process stands in parentheses, and may hold parentheses itself.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const at = (field: number) => Number(fields[field - 3]);
  const pid = Number(text.slice(0, open));
  const endedChildrenSeconds = (at(16) + at(17)) / TICKS_A_SECOND;
  if (!Number.isInteger(pid) || !Number.isFinite(endedChildrenSeconds)) return undefined;
  return { pid, name: text.slice(open + 1, close), parent: at(4), endedChildrenSeconds };
}

/** @param text of /proc/PID/smaps_rollup */
export function parsePss(text: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** When a process was started, in milliseconds since 1970; exact to the tick. */
export function startedAt(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3]);
  const [uptime] = readFileSync('/proc/uptime', 'latin1').split(' ');
  return Date.now() - (Number(uptime) - ticks / TICKS_A_SECOND) * 1000;
}

function readProcess(pid: number): Process | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** The time for which all threads of a process have run, in seconds. */
function runSeconds(pid: number): number {
  const threads = listOrNothing(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    const ns = readOrNothing(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ', 1)[0] ?? '0';
    return sum + Number(ns) / 1e9;
  }, 0);
}

function listOrNothing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Undefined where the file is gone: a process may end after it was listed and before it is read. */
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
