// All sessions of a back-channel, and how many there may be. A session is
//   idle      → (it is given a batch) → answering
//   answering → (the batch is at its end) → idle; (no reply for long) → stalled; (it is lost) → gone
//   stalled   → (the batch is at its end, however late) → idle; (it is lost) → gone
// A session that is being opened counts too. No I/O of its own.
import { IdleSessions } from './idle-sessions.js';
import { Opener, type OpenerEvents } from './opener.js';
import type { Session } from './session.js';
import type { Work } from './work.js';

/**
 * So many sessions may hang, because lmtpd waits for a locked mailbox, beyond `connections`. They are not closed: lmtpd would
 * not notice, and a new session in place of each would mean one more lmtpd that hangs.
 */
export const STALLED_MAX = 6;

export type SessionLimits = {
  /** How many sessions there may be besides stalled ones. Keep it far below lmtpd's maxchild: each holds one lmtpd. */
  readonly connections: number;
  /** A session that was not used for so long is closed, in milliseconds; lmtpd would close it after 360 s. */
  readonly idleTimeoutMs: number;
};

const NONE: readonly Work[] = [];

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

  /** How many sessions are open or being opened: never more than `connections` plus STALLED_MAX. */
  get size(): number {
    return this.#idle.size + this.#works.size + (this.#opener.state === 'idle' ? 0 : 1);
  }

  get works(): Work[] {
    return [...this.#works];
  }

  /** Usually empty. It is looked at for each question, so nothing is copied then. */
  get stalled(): readonly Work[] {
    let stalled = NONE;
    for (const work of this.#works) if (work.isStalled) stalled = [...stalled, work];
    return stalled;
  }

  get answering(): number {
    return this.#works.size - this.stalled.length;
  }

  /** Whether there is a session that can be asked now or soon. */
  get anyUsable(): boolean {
    return this.answering > 0 || this.#opener.state === 'opening' || this.#idle.anyUsable;
  }

  /**
   * Whether a session will be free for the waiting questions, sooner or later.
   * @param pausing whether no session may be opened for a while: then a knock will most likely find nobody
   */
  mayCome(pausing: boolean): boolean {
    if (this.answering > 0 || this.#idle.size > 0 || this.#opener.state === 'opening') return true;
    return this.#opener.state === 'knocking' && !pausing;
  }

  /** Whether there is room for one more session, and none is being opened. */
  get hasRoom(): boolean {
    const besides = Math.min(STALLED_MAX, this.stalled.length);
    if (this.#closed || this.#opener.state !== 'idle') return false;
    return this.size - besides < this.#connections;
  }

  open(): void {
    this.#opener.open();
  }

  /** Tries whether somebody listens where nobody did. */
  knock(): void {
    this.#opener.knock();
  }

  /** @param botched called for each session that Cyrus ended meanwhile */
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

  /** Puts a session back among the idle ones. One that was stalled is closed where another has taken its place meanwhile. */
  put(session: Session): void {
    const others = this.#idle.size + this.answering + (this.#opener.state === 'opening' ? 1 : 0);
    if (this.#closed || session.botched || others >= this.#connections) session.close();
    else this.#idle.put(session);
  }

  closeIdle(): void {
    this.#idle.closeAll();
  }

  /** Closes all sessions for good; one that is being opened is closed as soon as it is open. */
  closeAll(): void {
    this.#closed = true;
    this.#idle.closeAll();
    for (const { session } of this.#works) session.close();
  }
}
