// A back-channel as a Probe: few sessions with Cyrus, opened when needed, kept, closed when idle. Questions that
// arrive while a batch is under way go out together in the next one. After a failed connect or a timeout it
// backs off, and questions meanwhile are refused at once; where nobody listened it looks again all the while, which
// costs Cyrus nothing. No sockets here: sessions come from `open`.
import { DeadlineError, DownError, LoginError, messageOf, UnavailableError } from '../../errors.js';
import type { Log } from '../../log/log.js';
import type { Probe } from '../../validation/probe.js';
import type { Recipient } from '../../validation/recipient.js';
import { evidenceAdder, type Verdict } from '../../validation/verdict.js';
import { Backoff, type BackoffLimits } from './backoff.js';
import { IdleSessions } from './idle-sessions.js';
import { QuestionQueue, type Question } from './question-queue.js';
import type { Session } from './session.js';
import * as verbs from '../../log/verbs/backchannels.js';

export type PoolLimits = BackoffLimits & {
  /** Sessions at once; far below lmtpd's maxchild, each holds a delivery slot. */
  readonly connections: number;
  /** Recipients in one batch. */
  readonly batch: number;
  /** Questions waiting for a session; more are refused at once. */
  readonly maxWaiting: number;
  /** Unused for so long, a session is closed; lmtpd would do it at 360 s. */
  readonly idleTimeoutMs: number;
};

export const DEFAULT_POOL_LIMITS: PoolLimits = Object.freeze({
  connections: 2,
  batch: 128,
  maxWaiting: 10_000,
  idleTimeoutMs: 60_000,
  backoffMinMs: 1_000,
  backoffMaxMs: 10_000,
  loginBackoffMs: 300_000,
});

export type PoolSurroundings = {
  readonly name: string;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random: () => number;
  /** Whether its sessions can be asked about folders. */
  readonly seesFolders?: boolean;
  /** Cyrus ended a session, or answers again after it was down: it may have been another Cyrus meanwhile. */
  readonly restarted?: () => void;
};

/** Sessions lost in a row, with no answer in between: from then on it is not a mailbox but Cyrus. */
const LOSSES_MAX = 8;
/** Between two looks whether somebody listens again. */
const KNOCK_MS = 500;

/** How long a batch may be under way before the next one is given to another session. A usual one takes 1 ms. */
const PATIENCE_MS = 2;

export class Pool implements Probe {
  readonly name: string;
  readonly #open: () => Promise<Session>;
  readonly #limits: PoolLimits;
  readonly #surroundings: PoolSurroundings;
  readonly #backoff: Backoff;
  readonly #waiting: QuestionQueue;
  readonly #idle: IdleSessions;
  readonly #busy = new Set<Session>();
  #opening = 0;
  #knocking = false;
  #knocked = -Infinity;
  #losses = 0;
  #down: Error | undefined;
  #state: 'open' | 'draining' | 'closed' = 'open';
  #onQuiet: (() => void) | undefined;
  #drained: Promise<void> | undefined;
  #acceptsEightBit = false;
  #pumping = false;
  #patience: NodeJS.Timeout | undefined;
  #lastBatchAt = -Infinity;
  /** Of the last answer, monotonic milliseconds. */
  answeredAt: number | undefined;
  /** That were put to Cyrus, once or again. */
  questions = 0;
  batches = 0;

  constructor(open: () => Promise<Session>, limits: PoolLimits, surroundings: PoolSurroundings) {
    this.name = surroundings.name;
    this.#open = open;
    this.#limits = limits;
    this.#surroundings = surroundings;
    this.#waiting = new QuestionQueue(surroundings.now);
    this.#idle = new IdleSessions(limits.idleTimeoutMs, surroundings.now);
    this.#backoff = new Backoff(limits, surroundings.now, surroundings.random);
  }

  get seesFolders(): boolean {
    return this.#surroundings.seesFolders === true;
  }

  get acceptsEightBit(): boolean {
    return this.#acceptsEightBit;
  }

  /** Sessions that are open or being opened, never more than `connections`. */
  get size(): number {
    return this.#idle.size + this.#busy.size + this.#opening + (this.#knocking ? 1 : 0);
  }

  /** `untried`: nobody was asked yet. */
  get state(): 'up' | 'down' | 'untried' {
    if (this.#down !== undefined) return 'down';
    return this.answeredAt === undefined ? 'untried' : 'up';
  }

  /** Why it is down. */
  get trouble(): string | undefined {
    return this.#down === undefined ? undefined : messageOf(this.#down);
  }

  /** Questions that no session has taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  check(recipient: Recipient, deadline: number): Promise<Verdict> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const verdict = this.#waiting.add(recipient, deadline);
    this.#pumpSoon();
    return verdict;
  }

  /** Takes no more questions, lets those under way be answered, then closes. */
  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  /** Questions under way end with the sessions that they were put to; a session being opened is closed as it comes. */
  close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#patience);
    this.#waiting.refuseAll(this.#closedError());
    this.#idle.closeAll();
    for (const session of this.#busy) session.close();
    return Promise.resolve();
  }

  async #drain(): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    if (this.#waiting.length > 0 || this.#busy.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve;
      });
    }
    await this.close();
  }

  #refusal(): Error | undefined {
    if (this.#state !== 'open') return this.#closedError();
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      return new DownError(`back-channel ${this.name} has ${this.#limits.maxWaiting} questions waiting`);
    }
    return undefined;
  }

  #closedError(): Error {
    return new DownError(`back-channel ${this.name} is closed`);
  }

  /** When all requests of this turn of the event loop have been read: they make one batch. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Gives waiting questions to idle sessions, opens one where there is room and need, else refuses them. */
  #pump(): void {
    while (this.#waiting.length > 0 && this.#worthASession()) {
      const session = this.#acquire();
      if (session === undefined) break;
      const batch = this.#waiting.takeBatch(this.#limits.batch);
      if (batch.length === 0) this.#release(session);
      else void this.#ask(session, batch);
    }
    if (this.#waiting.length > 0 && this.#worthASession() && this.#mayOpen()) void this.#openSession();
    if (this.#waiting.length > 0 && this.#busy.size > 0) this.#armPatience();
    if (this.#waiting.length > 0 && this.size === 0) this.#knock();
    // No session is there or on its way: nobody would take them before their deadline.
    const none = this.size === 0 || (this.#knocking && this.size === 1 && this.#backoff.active);
    if (this.#waiting.length > 0 && none) this.#waiting.refuseAll(this.#downError());
    if (this.#waiting.length === 0 && this.#busy.size === 0) this.#onQuiet?.();
  }

  /**
   * Large batches are cheap ones: each has a witness. So while one is under way, its follow-up is collected, and goes
   * to another session only if it is full, or if Cyrus takes its time.
   */
  #worthASession(): boolean {
    if (this.#busy.size === 0 || this.#waiting.length >= this.#limits.batch) return true;
    return this.#surroundings.now() - this.#lastBatchAt >= PATIENCE_MS;
  }

  #armPatience(): void {
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#pump();
    }, PATIENCE_MS);
  }

  #acquire(): Session | undefined {
    const session = this.#idle.take(() => this.#surroundings.restarted?.());
    if (session !== undefined) this.#busy.add(session);
    return session;
  }

  #release(session: Session): void {
    this.#busy.delete(session);
    if (session.botched || this.#state === 'closed') session.close();
    else this.#idle.put(session);
  }

  /** One at a time: while it is not known whether Cyrus is there, one attempt is enough. */
  #mayOpen(): boolean {
    if (this.#state === 'closed' || this.#backoff.active) return false;
    return this.#opening === 0 && this.size < this.#limits.connections;
  }

  #downError(): Error {
    const why = this.#down === undefined ? 'the last session was lost' : messageOf(this.#down);
    return new DownError(`back-channel ${this.name} is down: ${why}`, { cause: this.#down });
  }

  async #ask(session: Session, batch: readonly Question[]): Promise<void> {
    this.#lastBatchAt = this.#surroundings.now();
    this.batches += 1;
    this.questions += batch.length;
    try {
      const verdicts = await session.ask(batch.map(({ recipient }) => recipient));
      const withName = evidenceAdder({ backchannel: this.name });
      batch.forEach((question, i) => {
        const verdict = verdicts[i];
        if (verdict === undefined) question.reject(new UnavailableError('no verdict came'));
        else question.resolve(withName(verdict));
      });
      this.#succeeded();
      this.#release(session);
    } catch (error) {
      this.#busy.delete(session);
      session.close();
      this.#botched(batch, error);
    }
    // What was collected meanwhile is its follow-up, whatever another session is at.
    this.#lastBatchAt = -Infinity;
    this.#pump();
  }

  /** The session was lost with its questions: once more where the deadline allows. */
  #botched(batch: readonly Question[], error: unknown): void {
    const { log, restarted } = this.#surroundings;
    if (this.#state !== 'closed') restarted?.();
    verbs.botched(log, { backchannel: this.name, error: messageOf(error), questions: batch.length });
    this.#waiting.putBack(batch, asError(error), this.#state !== 'closed');
    // What ended one session has likely ended the idle ones, and they have not noticed yet.
    this.#idle.closeAll();
    this.#losses += 1;
    const silent = error instanceof DeadlineError || this.#losses >= LOSSES_MAX;
    if (silent && this.#state !== 'closed') this.#failed(error);
  }

  async #openSession(): Promise<void> {
    this.#opening += 1;
    try {
      const session = await this.#open();
      this.#opening -= 1;
      this.#acceptsEightBit = session.acceptsEightBit;
      this.#release(session);
    } catch (error) {
      this.#opening -= 1;
      if (this.#state !== 'closed') this.#failed(error);
    }
    this.#pump();
  }

  /** While the back-channel backs off, and nobody is asked: whether somebody listens where nobody did. */
  #knock(): void {
    const { now } = this.#surroundings;
    if (this.#state !== 'open' || !isNobodyThere(this.#down) || now() < this.#knocked + KNOCK_MS) return;
    this.#knocking = true;
    this.#knocked = now();
    void this.#open()
      .then(
        (session) => {
          this.#knocking = false;
          this.#backoff.end();
          this.#acceptsEightBit = session.acceptsEightBit;
          this.#release(session);
        },
        (error: unknown) => {
          this.#knocking = false;
          if (error instanceof LoginError) this.#failed(error);
          else this.#down = asError(error);
        },
      )
      .then(() => this.#pump());
  }

  /** Only an answer is a success: a lmtpd may greet and then be silent. */
  #succeeded(): void {
    this.answeredAt = this.#surroundings.now();
    this.#backoff.succeeded();
    this.#losses = 0;
    if (this.#down === undefined) return;
    this.#down = undefined;
    verbs.backendUp(this.#surroundings.log, { backchannel: this.name });
    this.#surroundings.restarted?.();
  }

  /**
   * Pauses longer after each failure. Down it is only where no session is left, and that is told once, or twice where it
   * turns out that we are not let in.
   */
  #failed(error: unknown): void {
    const { log } = this.#surroundings;
    const pauseMs = Math.round(
      error instanceof LoginError ? this.#backoff.refused() : this.#backoff.failed(),
    );
    const fields = { backchannel: this.name, error: messageOf(error), pauseMs };
    const othersLeft = this.#busy.size + this.#opening > 0 || this.#idle.anyUsable;
    if (othersLeft) {
      verbs.sessionRefused(log, fields);
      return;
    }
    const news = error instanceof LoginError && !(this.#down instanceof LoginError);
    verbs.backendDown.at(this.#down === undefined || news ? 'error' : 'debug', log, fields);
    this.#down = asError(error);
    this.#waiting.refuseAll(this.#down);
  }
}

/** A refused connection, by the code of connect(2). */
function isNobodyThere(error: Error | undefined): boolean {
  const cause = error?.cause;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ENOENT';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
