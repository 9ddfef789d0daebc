// A back-channel as a Probe: a few sessions with Cyrus, opened when needed, kept, and closed when idle. Waiting questions go as a
// batch to an idle session. Where none is idle, one is opened; where none can be, they are refused. No sockets here. The pool is
//   open      → (drain) → draining; (close) → closed
//   draining  → (nobody waits any more; close) → closed
import { DownError, isNobodyThere, LoginError } from '../../errors.js';
import type { Log } from '../../log/log.js';
import type { Asker, Probe } from '../../validation/probe.js';
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';
import { Asking, type AskingLimits } from './asking.js';
import type { BackoffLimits } from './backoff.js';
import { BatchSize } from './batch-size.js';
import { FairQueue } from './fair-queue.js';
import type { OpenerEvents } from './opener.js';
import { Presence } from './presence.js';
import { Question } from './question.js';
import type { Session } from './session.js';
import { Sessions, STALLED_MAX, type SessionLimits } from './sessions.js';
import { SlowNames } from './slow-names.js';
import { Standings } from './standings.js';

export type PoolLimits = AskingLimits &
  BackoffLimits &
  SessionLimits & {
    /** How many recipients one batch may have. */
    readonly batch: number;
    /** How many questions may wait for a session; more are refused at once. */
    readonly maxWaiting: number;
  };

export const DEFAULT_POOL_LIMITS: PoolLimits = Object.freeze({
  connections: 2,
  batch: 128,
  maxWaiting: 10_000,
  idleTimeoutMs: 60_000,
  replyTimeoutMs: 10_000,
  unprovenTimeoutMs: 250,
  backoffMinMs: 1_000,
  backoffMaxMs: 10_000,
  loginBackoffMs: 300_000,
});

/** The fields that say what its sessions can be asked about are those of Probe. */
export type PoolSurroundings = Pick<Probe, 'name' | 'seesFolders' | 'asksEightBit' | 'judgesSize'> & {
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A random number from 0 to 1, for the length of a pause. */
  readonly random: () => number;
  /** Cyrus ended a session, or answers again after it was down: it may have been restarted, and mailboxes may have changed. */
  readonly restarted?: () => void;
};

/** For so long we do not ask again about a mailbox on which a session is stuck; then only if fewer than STUCK_MAX are stuck. */
const STUCK_FOR_MS = 30_000;
const STUCK_MAX = 2;

/** After so long, in milliseconds, the next batch goes to another session, though one is under way. A usual batch takes 1 ms. */
const PATIENCE_MS = 2;

export class Pool implements Probe {
  readonly name: string;
  readonly seesFolders: boolean;
  readonly asksEightBit: boolean;
  readonly judgesSize: boolean;
  readonly #surroundings: PoolSurroundings;
  readonly #slow: SlowNames;
  readonly #waiting: FairQueue;
  readonly #size: BatchSize;
  readonly #sessions: Sessions;
  readonly #presence: Presence;
  readonly #asking: Asking;
  #life: 'open' | 'draining' | 'closed' = 'open';
  #drained: Promise<void> | undefined;
  #onQuiet: (() => void) | undefined;
  #acceptsEightBit: boolean | undefined;
  #pumping = false;
  #patience: NodeJS.Timeout | undefined;
  #lastBatchAt = -Infinity;
  /** How many questions were sent to Cyrus; one that was asked again counts twice. */
  questions = 0;
  batches = 0;

  constructor(open: () => Promise<Session>, limits: PoolLimits, surroundings: PoolSurroundings) {
    const { name, log, now, random } = surroundings;
    this.name = name;
    this.seesFolders = surroundings.seesFolders === true;
    this.asksEightBit = surroundings.asksEightBit === true;
    this.judgesSize = surroundings.judgesSize === true;
    this.#surroundings = surroundings;
    const standings = new Standings();
    const slow = new SlowNames(now);
    const isSlow = (mailbox: string): boolean => slow.has(mailbox);
    const waiting = new FairQueue({ maxWaiting: limits.maxWaiting, standings, isSlow, now });
    const size = new BatchSize(limits.batch);
    const presence = new Presence(limits, { name, log, now, random, restarted: () => this.#restarted() });
    const openerEvents: OpenerEvents = {
      opened: (session, state) => this.#opened(session, state),
      refused: (error, state) => this.#notOpened(error, state),
    };
    const sessions = new Sessions(open, limits, openerEvents, now);
    this.#slow = slow;
    this.#waiting = waiting;
    this.#size = size;
    this.#presence = presence;
    this.#sessions = sessions;
    this.#asking = new Asking(
      { name, log, now, limits, waiting, sessions, presence, standings, size, slow },
      {
        changed: () => this.#pump(),
        failed: (error) => this.#failed(error),
        restarted: () => this.#restarted(),
      },
    );
  }

  /** While no session has told us, we assume that it does, and open a session to learn it. */
  get acceptsEightBit(): boolean {
    if (this.#acceptsEightBit === undefined && this.#mayOpen()) this.#sessions.open();
    return this.#acceptsEightBit ?? true;
  }

  /** How many sessions are open or being opened. */
  get size(): number {
    return this.#sessions.size;
  }

  /** `untried`: there was no answer and no failure yet. */
  get state(): 'up' | 'down' | 'untried' {
    if (this.#presence.down !== undefined) return 'down';
    return this.answeredAt === undefined ? 'untried' : 'up';
  }

  /** Why the back-channel is down; undefined where it is not. */
  get trouble(): string | undefined {
    return this.#presence.down?.message;
  }

  /** When Cyrus answered last, in monotonic milliseconds. */
  get answeredAt(): number | undefined {
    return this.#presence.answeredAt;
  }

  /** How many questions no session has taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  check(recipient: Recipient, deadline: number, asker?: Asker): Promise<Verdict> {
    const refusal = this.#refusal(recipient, asker);
    if (refusal !== undefined) return Promise.reject(refusal);
    const question = new Question(recipient, deadline, asker);
    this.#waiting.add(question);
    this.#pumpSoon();
    return question.verdict;
  }

  /** Takes no more questions, lets those under way be answered, then closes. */
  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  /** Questions under way fail with their sessions. A session that is being opened is closed as soon as it is open. */
  close(): Promise<void> {
    this.#life = 'closed';
    clearTimeout(this.#patience);
    this.#asking.end();
    this.#waiting.refuseAll(this.#closedError());
    this.#sessions.closeAll();
    return Promise.resolve();
  }

  async #drain(): Promise<void> {
    if (this.#life === 'open') this.#life = 'draining';
    if (!this.#isQuiet()) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve;
      });
    }
    await this.close();
  }

  /** Whether nobody waits for an answer. */
  #isQuiet(): boolean {
    if (this.#waiting.length > 0) return false;
    return this.#sessions.works.every((work) => work.isStalled && work.open.length === 0);
  }

  #refusal({ mailbox }: Recipient, asker: Asker | undefined): Error | undefined {
    if (this.#life !== 'open') return this.#closedError();
    if (this.#waiting.isFull(asker)) {
      return new DownError(`back-channel ${this.name} has ${this.waiting} questions waiting`);
    }
    if (!this.#isStuck(mailbox)) return undefined;
    return new DownError(`back-channel ${this.name} waits for an earlier answer about the mailbox`);
  }

  /** Whether a question about the mailbox would only make one more lmtpd hang. */
  #isStuck(mailbox: string): boolean {
    const { stalled } = this.#sessions;
    if (stalled.length >= STALLED_MAX && this.#slow.has(mailbox)) return true;
    const latest = stalled.findLast(({ alone }) => alone === mailbox);
    if (latest === undefined) return false;
    return stalled.length >= STUCK_MAX || this.#surroundings.now() - latest.since < STUCK_FOR_MS;
  }

  #closedError(): Error {
    return new DownError(`back-channel ${this.name} is closed`);
  }

  /** Waits until all requests of this turn of the event loop have been read, so that they make one batch. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Gives waiting questions to idle sessions; opens a session where one is needed and allowed; refuses all where none can come. */
  #pump(): void {
    while (this.#waiting.length > 0 && this.#isWorthASession()) {
      const session = this.#sessions.take(() => this.#restarted());
      if (session === undefined) break;
      const batch = this.#waiting.takeBatch(this.#size.size, this.#size.usualMs);
      if (batch.length === 0) this.#sessions.put(session);
      else void this.#ask(session, batch);
    }
    if (this.#waiting.length > 0 && this.#isWorthASession() && this.#mayOpen()) this.#sessions.open();
    if (this.#waiting.length > 0 && this.#sessions.answering > 0) this.#armPatience();
    if (this.#waiting.length > 0 && !this.#mayBeTaken()) this.#giveUp();
    if (this.#isQuiet()) this.#onQuiet?.();
  }

  /**
   * Large batches are cheaper, since each needs a witness. So while a batch is under way, the next one is collected. It goes to
   * another session only if it is full, or if Cyrus takes more than PATIENCE_MS.
   */
  #isWorthASession(): boolean {
    if (this.#sessions.answering === 0 || this.#waiting.length >= this.#size.size) return true;
    return this.#surroundings.now() - this.#lastBatchAt >= PATIENCE_MS;
  }

  #armPatience(): void {
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#pump();
    }, PATIENCE_MS);
  }

  #mayOpen(): boolean {
    return !this.#presence.pausing && this.#sessions.hasRoom;
  }

  /** Whether there is a session, or one will come, that can take the waiting questions. */
  #mayBeTaken(): boolean {
    return this.#sessions.mayCome(this.#presence.pausing);
  }

  /** Refuses the waiting questions; where nobody listened, it also looks whether somebody does now, for those who ask next. */
  #giveUp(): void {
    const { down } = this.#presence;
    if (this.#life === 'open' && this.size === 0 && isNobodyThere(down)) this.#sessions.knock();
    this.#waiting.refuseAll(this.#presence.refusal());
  }

  async #ask(session: Session, batch: readonly Question[]): Promise<void> {
    this.#lastBatchAt = this.#surroundings.now();
    this.batches += 1;
    this.questions += batch.length;
    await this.#asking.ask(session, batch);
    // The questions collected meanwhile are the next batch, even while another session is busy.
    this.#lastBatchAt = -Infinity;
    this.#pump();
  }

  #opened(session: Session, state: 'opening' | 'knocking'): void {
    if (state === 'knocking') this.#presence.found();
    this.#acceptsEightBit = session.acceptsEightBit;
    this.#sessions.put(session);
    this.#pump();
  }

  #notOpened(error: Error, state: 'opening' | 'knocking'): void {
    if (state === 'opening' || error instanceof LoginError) {
      if (this.#life !== 'closed') this.#failed(error);
    } else this.#presence.absent(error);
    this.#pump();
  }

  #failed(error: Error): void {
    if (this.#presence.failed(error, this.#sessions.anyUsable)) this.#waiting.refuseAll(error);
  }

  #restarted(): void {
    this.#surroundings.restarted?.();
  }
}
