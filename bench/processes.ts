// What processes cost: CPU time and memory, as /proc tells them (proc(5)). Linux only; reads /proc.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

export type Process = {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** Of children that ended and were waited for. */
  readonly endedChildrenSeconds: number;
};

/** Every process that can be seen from here. */
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

/** User and system. Of what still runs it is known to the nanosecond, of children that ended to the tick. */
export function cpuSecondsOf(processes: readonly Process[]): number {
  return processes.reduce((sum, each) => sum + runSeconds(each.pid) + each.endedChildrenSeconds, 0);
}

/**
 * Proportional set size: what is shared is divided among those who share it, so that a sum counts it once.
 * @returns undefined where a process may not be looked at: those of a container take root
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
  // The name is in parentheses and may itself have some.
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

function readProcess(pid: number): Process | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** Of all its threads. */
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

/** A process may end between being listed and being read. */
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
