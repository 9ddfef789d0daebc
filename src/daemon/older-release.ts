// A takeover from a release that knows nothing of takeovers: we rename the sockets ourselves, ask the old daemon's control
// socket until nobody is connected to it any more, and only then tell it to stop. I/O.
import { linkSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError, codeOf } from '../errors.js';
import { Exchange, isSame, type Succession } from '../net/socket-place.js';
import { connectedTo, type Running } from './predecessor.js';

const POLL_MS = 1_000;
/** After so many polls, whoever looked up the name of a socket before it passed has connected. */
const SETTLED_POLLS = 2;
const GONE_POLL_MS = 50;
/** A lock that is older than this was left by a process that was killed. */
const LOCK_OLD_MS = 10_000;

export class OlderRelease {
  readonly #pid: number;
  readonly #control: string;
  #stopped = false;

  /** @param control another name of its control socket */
  private constructor(pid: number, control: string) {
    this.#pid = pid;
    this.#control = control;
  }

  /**
   * Renames the sockets in one turn of the event loop.
   * @throws UnavailableError where that cannot be, or another process is at it too; then nothing has changed
   */
  static replace(
    successions: readonly Succession[],
    control: { readonly path: string },
    { pid, control: asked }: Pick<Running, 'pid' | 'control'>,
  ): OlderRelease {
    const unlock = lock(dirname(control.path));
    try {
      const found = lstatSync(control.path, { bigint: true, throwIfNoEntry: false });
      const heir = successions.find(({ place }) => place === control.path);
      if (heir === undefined || found === undefined || asked === undefined || !isSame(found, asked))
        throw new UnavailableError('another process has come in between');
      // The control socket goes first, since that can be undone: where the first rename fails, nothing has changed.
      const order = [heir, ...successions.filter((each) => each !== heir)];
      const kept = join(dirname(heir.bound), 'k');
      linkSync(control.path, kept);
      Exchange.make(order, new Map([[control.path, kept]]));
      return new OlderRelease(pid, kept);
    } finally {
      unlock();
    }
  }

  /** Waits until its last connection has gone, for so many milliseconds at most; resolves when the process has ended. */
  async servesOn(graceMs: number, now: () => number): Promise<void> {
    const until = now() + graceMs;
    for (let idle = 0; idle < SETTLED_POLLS && now() < until;) {
      await sleep(Math.min(POLL_MS, Math.max(0, until - now())), undefined, { ref: false });
      const connected = await this.#connected();
      if (connected === undefined) break;
      idle = connected === 0 ? idle + 1 : 0;
    }
    this.stop();
    while (this.#signal(0)) await sleep(GONE_POLL_MS, undefined, { ref: false });
  }

  /** Tells it to stop, once, since nobody else would. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#signal('SIGTERM');
  }

  /** @returns how many are connected to it; undefined where it does not answer any more */
  async #connected(): Promise<number | undefined> {
    try {
      const { connections, lingering } = await connectedTo({ kind: 'unix', path: this.#control });
      return connections + lingering;
    } catch {
      return undefined;
    }
  }

  /** @returns whether there is such a process */
  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(this.#pid, signal);
    } catch (error) {
      return codeOf(error) === 'EPERM';
    }
  }
}

/** The old process cannot tell two successors that come at once which of them was first: so they need a lock. */
function lock(folder: string): () => void {
  const name = join(folder, '.takeover');
  const busy = new UnavailableError('another process is just taking over');
  const found = lstatSync(name, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (Date.now() - found.mtimeMs <= LOCK_OLD_MS) throw busy;
    rmdirSync(name);
  }
  if (!isMade(name)) throw busy;
  return () => rmdirSync(name);
}

/** @returns whether there was no such folder before */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}
