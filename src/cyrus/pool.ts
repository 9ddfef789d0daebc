// A back-channel as a Probe: few sessions with Cyrus, opened when needed, kept, closed when idle. Questions that
// arrive while a batch is under way go out together in the next one. After a failed connect or a timeout it
// backs off, and questions meanwhile are refused at once. No sockets here: sessions come from `open`.
import { DeadlineError, messageOf, UnavailableError } from '../errors.js';
import type { Log } from '../log.js';
import type { Probe } from '../validation/probe.js';
import type { Recipient } from '../validation/recipient.js';
import type { Verdict } from '../validation/verdict.js';
import type { Session } from './session.js';

export type PoolLimits = {
  /** Sessions at once; far below lmtpd's maxchild, each holds a delivery slot. */
  readonly connections: number;
  /** Recipients in one batch. */
  readonly batch: number;
  /** Questions waiting for a session; more are refused at once. */
  readonly maxWaiting: number;
  /** Unused for so long, a session is closed; lmtpd would do it at 360 s. */
  readonly idleTimeoutMs: number;
  /** First and longest pause after a failed connect or a timeout; it doubles in between. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
};

export const DEFAULT_POOL_LIMITS: PoolLimits = Object.freeze({
  connections: 2,
  batch: 128,
  maxWaiting: 10_000,
  idleTimeoutMs: 60_000,
  backoffMinMs: 1_000,
  backoffMaxMs: 10_000,
});

export type PoolSurroundings = {
  readonly name: string;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1, for the jitter of the back-off. */
  readonly random: () => number;
};

type IdleSession = { readonly session: Session; readonly since: number };

type Question = {
  readonly recipient: Recipient;
  readonly deadline: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
  asked: number;
};

/** A question lost with its connection is asked once more on a fresh one. */
const ATTEMPTS_MAX = 2;

export class Pool implements Probe {
  readonly name: string;
  readonly #open: () => Promise<Session>;
  readonly #limits: PoolLimits;
  readonly #surroundings: PoolSurroundings;
  #waiting: Question[] = [];
  readonly #idle: IdleSession[] = [];
  readonly #busy = new Set<Session>();
  #opening = 0;
  #failures = 0;
  #backingOffUntil = -Infinity;
  #down: Error | undefined;
  #closed = false;
  #drained: (() => void) | undefined;
  #acceptsEightBit = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(open: () => Promise<Session>, limits: PoolLimits, surroundings: PoolSurroundings) {
    this.name = surroundings.name;
    this.#open = open;
    this.#limits = limits;
    this.#surroundings = surroundings;
  }

  get acceptsEightBit(): boolean {
    return this.#acceptsEightBit;
  }

  /** Sessions that are open or being opened, never more than `connections`. */
  get size(): number {
    return this.#idle.length + this.#busy.size + this.#opening;
  }

  /** Questions that no session has taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  check(recipient: Recipient, deadline: number): Promise<Verdict> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ recipient, deadline, resolve, reject, asked: 0 });
      this.#pump();
    });
  }

  /** Takes no more questions, lets those under way be answered, then closes. */
  async drain(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.length > 0 || this.#busy.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    await this.close();
  }

  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.#refuseWaiting(new UnavailableError(`back-channel ${this.name} is closed`));
    for (const { session } of this.#idle.splice(0)) session.close();
    for (const session of this.#busy) session.close();
    return Promise.resolve();
  }

  #refusal(): Error | undefined {
    if (this.#closed) return new UnavailableError(`back-channel ${this.name} is closed`);
    if (this.#backingOff() && this.#idle.length + this.#busy.size === 0) {
      return new UnavailableError(`back-channel ${this.name} is down: ${messageOf(this.#down)}`);
    }
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      return new UnavailableError(
        `back-channel ${this.name} has ${this.#limits.maxWaiting} questions waiting`,
      );
    }
    return undefined;
  }

  #backingOff(): boolean {
    return this.#surroundings.now() < this.#backingOffUntil;
  }

  /** Gives waiting questions to idle sessions, and opens a session where there is room and need. */
  #pump(): void {
    while (this.#waiting.length > 0) {
      const session = this.#acquire();
      if (session === undefined) break;
      const batch = this.#nextBatch();
      if (batch.length === 0) this.#release(session);
      else void this.#ask(session, batch);
    }
    if (this.#waiting.length > 0 && this.#mayOpen()) void this.#openSession();
    if (this.#waiting.length === 0 && this.#busy.size === 0) this.#drained?.();
  }

  #acquire(): Session | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.session.botched) {
        this.#busy.add(idle.session);
        return idle.session;
      }
    }
    return undefined;
  }

  #release(session: Session): void {
    this.#busy.delete(session);
    if (session.botched) session.close();
    else this.#idle.push({ session, since: this.#surroundings.now() });
    this.#armIdleTimer();
  }

  /** One at a time: while it is not known whether Cyrus is there, one attempt is enough. */
  #mayOpen(): boolean {
    return this.#opening === 0 && this.size < this.#limits.connections && !this.#backingOff();
  }

  #nextBatch(): Question[] {
    const now = this.#surroundings.now();
    const batch: Question[] = [];
    let taken = 0;
    for (const question of this.#waiting) {
      if (batch.length === this.#limits.batch) break;
      taken += 1;
      if (question.deadline > now) batch.push(question);
      else question.reject(new DeadlineError('the deadline passed before Cyrus could be asked'));
    }
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken);
    return batch;
  }

  async #ask(session: Session, batch: readonly Question[]): Promise<void> {
    try {
      const verdicts = await session.ask(batch.map(({ recipient }) => recipient));
      batch.forEach((question, i) => {
        const verdict = verdicts[i];
        if (verdict === undefined) question.reject(new UnavailableError('no verdict came'));
        else question.resolve(verdict);
      });
      this.#succeeded();
      this.#release(session);
    } catch (error) {
      this.#busy.delete(session);
      session.close();
      this.#botched(batch, error);
    }
    this.#pump();
  }

  /** The session was lost with its questions: once more where the deadline allows. */
  #botched(batch: readonly Question[], error: unknown): void {
    const { log, now } = this.#surroundings;
    log.debug({ backchannel: this.name, error: messageOf(error), questions: batch.length }, 'botched');
    if (error instanceof DeadlineError) this.#failed(error);
    const again: Question[] = [];
    for (const question of batch) {
      question.asked += 1;
      const retry = question.asked < ATTEMPTS_MAX && question.deadline > now() && !this.#backingOff();
      if (retry) again.push(question);
      else question.reject(asError(error));
    }
    if (again.length > 0) this.#waiting = [...again, ...this.#waiting];
  }

  async #openSession(): Promise<void> {
    this.#opening += 1;
    try {
      const session = await this.#open();
      this.#opening -= 1;
      this.#failures = 0;
      this.#acceptsEightBit = session.acceptsEightBit;
      this.#release(session);
    } catch (error) {
      this.#opening -= 1;
      this.#failed(error);
    }
    this.#pump();
  }

  #succeeded(): void {
    if (this.#down === undefined) return;
    this.#down = undefined;
    this.#surroundings.log.info({ backchannel: this.name }, 'backend-up');
  }

  /** Pauses longer after each failure. Down it is only where no session is left, and that is told once. */
  #failed(error: unknown): void {
    const { log, now, random } = this.#surroundings;
    const { backoffMinMs, backoffMaxMs } = this.#limits;
    const pause = Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#backingOffUntil = now() + pause * (0.75 + random() / 4);
    const fields = { backchannel: this.name, error: messageOf(error), pauseMs: Math.round(pause) };
    if (this.#idle.length + this.#busy.size > 0) {
      log.debug(fields, 'session-refused');
      return;
    }
    if (this.#down === undefined) log.error(fields, 'backend-down');
    else log.debug(fields, 'backend-down');
    this.#down = asError(error);
    this.#refuseWaiting(this.#down);
  }

  #refuseWaiting(error: Error): void {
    const refused = this.#waiting;
    this.#waiting = [];
    for (const question of refused) question.reject(error);
  }

  /** One timer for all idle sessions; the one unused for longest is first. */
  #armIdleTimer(): void {
    if (this.#idleTimer !== undefined || this.#closed) return;
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined;
      const limit = this.#surroundings.now() - this.#limits.idleTimeoutMs;
      while (this.#idle[0] !== undefined && this.#idle[0].since <= limit) this.#idle.shift()?.session.close();
      if (this.#idle.length > 0) this.#armIdleTimer();
    }, this.#limits.idleTimeoutMs);
    this.#idleTimer.unref();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
