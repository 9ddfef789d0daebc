// The new process of an upgrade, seen from outside: it has taken over when it answers on the control socket and nothing goes to the
// old one any more. Starts it, or reads its pid from the file of daemon(8); asks the control socket.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Predecessor } from '../daemon/predecessor.js';
import { UnavailableError, codeOf } from '../errors.js';
import type { Endpoint } from '../net/endpoint.js';

const POLL_MS = 100;
/** Time from its first answer until it serves alone: it waits for processes of Cyrus that have yet to tell the old one an event. */
const COMPLETE_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 20_000;

export type NewProcess =
  | { readonly pidFile: string }
  /** Undefined where the process has ended. */
  | { readonly pid: number | undefined };

/** A new process that we start: a child that outlives us. */
export class Successor {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  /** @param watchdog WATCHDOG_USEC of the old process: systemd does not tell it to a process that it starts for a reload */
  static start(config: string | undefined, watchdog: string | undefined): Successor {
    const [program = ''] = process.argv.slice(1);
    const args = [program, 'serve', '--takeover', ...(config === undefined ? [] : ['--config', config])];
    const { WATCHDOG_PID: _, ...inherited } = process.env;
    const env = watchdog === undefined ? inherited : { ...inherited, WATCHDOG_USEC: watchdog };
    return new Successor(
      spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'], env }),
    );
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#gone = once(child, 'exit').catch(() => undefined);
  }

  get pid(): number | undefined {
    const { pid, exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? pid : undefined;
  }

  /** Lets it go on without us. */
  leave(): void {
    this.#child.unref();
  }

  /** Stops it. The old process undoes what it had begun. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    if (this.pid !== undefined) await this.#gone;
    clearTimeout(late);
  }
}

/**
 * @param withinMs how long its first answer may take
 * @throws UnavailableError where it ends before, or is too late
 */
export async function untilItServes(
  control: Extract<Endpoint, { kind: 'unix' }>,
  successor: NewProcess,
  withinMs: number,
): Promise<void> {
  let [until, pid]: [number, number | undefined] = [performance.now() + withinMs, undefined];
  for (let answered = false; ;) {
    const named = pidOf(successor);
    const gone =
      pid === undefined ? 'pid' in successor && named === undefined : named !== pid || !isAlive(pid);
    if (gone)
      throw new UnavailableError(
        `the new process, pid ${pid ?? 'unknown'}, has ended: its log says why. The old one goes on`,
      );
    pid = named;
    const standing = pid === undefined ? undefined : await standingOf(control, pid);
    if (standing?.taking === false) return;
    if (standing !== undefined && !answered) {
      answered = true;
      until = performance.now() + COMPLETE_WITHIN_MS;
    }
    if (performance.now() >= until)
      throw new UnavailableError(
        `the new process, pid ${pid ?? 'unknown'}, has not taken over in time: see its log`,
      );
    await sleep(POLL_MS);
  }
}

/** @returns undefined while another process answers on the control socket, or none does */
async function standingOf(
  control: Extract<Endpoint, { kind: 'unix' }>,
  pid: number,
): Promise<{ readonly taking: boolean } | undefined> {
  const found = await Predecessor.find(control).catch(() => undefined);
  return found?.running.pid === pid ? found.running.standing : undefined;
}

function pidOf(successor: NewProcess): number | undefined {
  if ('pid' in successor) return successor.pid;
  try {
    return Number(readFileSync(successor.pidFile, 'latin1')) || undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
