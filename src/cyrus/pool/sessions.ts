// All sessions of a back-channel, and how many there may be. A session is
//   idle      → (it is given a batch) → answering
//   answering → (the batch is at its end) → idle; (no reply for long) → stalled; (it is lost) → gone
//   stalled   → (the batch is at its end, however late) → idle; (it is lost) → gone
// One that is being opened counts too. No I/O of its own.
import { IdleSessions } from './idle-sessions.js';
import { Opener, type OpenerEvents } from './opener.js';
import type { Session } from './session.js';
import type { Work } from './work.js';

/**
 * Sessions that wait for a mailbox on which lmtpd hangs, beyond `connections`. They are not closed: lmtpd would not notice,
 * and each that is closed and opened anew is one more lmtpd that hangs.
 */
export const STALLED_MAX = 6;

export type SessionLimits = {
  /** Sessions at once, but for stalled ones; far below lmtpd's maxchild, each holds a delivery slot. */
  readonly connections: number;
  /** Unused for so long, a session is closed; lmtpd would do it at 360 s. */
  readonly idleTimeoutMs: number;
};

export class Sessions {
  readonly #connections: number;
  readonly #idle: IdleSessions;
  readonly #opener: Opener;
  readonly #works = new Set<Work>();
  #closed = false;

  /** @param now monotonic milliseconds */
  constructor(
    open: () => Promise<Session>,
    { connections, idleTimeoutMs }: SessionLimits,
    events: OpenerEvents,
    now: () => number,
  ) {
    this.#connections = connections;
    this.#idle = new IdleSessions(idleTimeoutMs, now);
    this.#opener = new Opener(open, events, now);
  }

  /** Open or being opened, never more than `connections` and STALLED_MAX. */
  get size(): number {
    return this.#idle.size + this.#works.size + (this.#opener.state === 'idle' ? 0 : 1);
  }

  get works(): Work[] {
    return [...this.#works];
  }

  get stalled(): Work[] {
    return this.works.filter(({ isStalled }) => isStalled);
  }

  get answering(): number {
    return this.#works.size - this.stalled.length;
  }

  /** Whether one can be asked, now or soon. */
  get anyUsable(): boolean {
    return this.answering > 0 || this.#opener.state === 'opening' || this.#idle.anyUsable;
  }

  /**
   * Whether one will be free, sooner or later, for what waits.
   * @param pausing whether nothing is opened for a while: then one that is looked for most likely is not there
   */
  mayCome(pausing: boolean): boolean {
    if (this.answering > 0 || this.#idle.size > 0 || this.#opener.state === 'opening') return true;
    return this.#opener.state === 'knocking' && !pausing;
  }

  /** Whether there is room for one more, and none is being opened. */
  get hasRoom(): boolean {
    const besides = Math.min(STALLED_MAX, this.stalled.length);
    if (this.#closed || this.#opener.state !== 'idle') return false;
    return this.size - besides < this.#connections;
  }

  open(): void {
    this.#opener.open();
  }

  /** Looks whether somebody listens where nobody did. */
  knock(): void {
    this.#opener.knock();
  }

  /** @param botched called for each that Cyrus ended meanwhile */
  take(botched: () => void): Session | undefined {
    return this.#idle.take(botched);
  }

  begin(work: Work): void {
    this.#works.add(work);
  }

  end(work: Work): void {
    work.end();
    this.#works.delete(work);
  }

  /** Back among the idle ones; one too many, where another took the place of a stalled one, is closed. */
  put(session: Session): void {
    const others = this.#idle.size + this.answering + (this.#opener.state === 'opening' ? 1 : 0);
    if (this.#closed || session.botched || others >= this.#connections) session.close();
    else this.#idle.put(session);
  }

  closeIdle(): void {
    this.#idle.closeAll();
  }

  /** For good: one that is being opened is closed as it comes. */
  closeAll(): void {
    this.#closed = true;
    this.#idle.closeAll();
    for (const { session } of this.#works) session.close();
  }
}
