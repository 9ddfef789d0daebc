// One batch that was given to a session, until the session is free again. Its state says what is done with an early "yes":
//   fresh    it is kept: only the end of the batch proves that no reply was lost or added   → after HOLD_MS: long
//   long     it is given on at once, and so is what was kept before                         → no reply for stallMs: stalled
//   stalled  the same; questions without an answer are asked elsewhere                      → the end of the batch, however late
// No I/O; sets timers.
import type { Verdict } from '../../validation/verdict.js';
import type { Question } from './question.js';
import type { Progress, Session } from './session.js';

/** In milliseconds: a usual batch is over by then. */
const HOLD_MS = 100;

export type WorkRules = {
  /** Without a reply for so many milliseconds, the batch is stalled. */
  readonly stallMs: number;
  /** So many milliseconds after its beginning, questions without an answer are given up. */
  readonly replyTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export interface WorkEvents {
  heard(): void;
  answered(question: Question, verdict: Verdict): void;
  stalled(work: Work): void;
  silent(work: Work): void;
}

export class Work implements Progress {
  readonly session: Session;
  readonly batch: readonly Question[];
  /** When the batch was given to the session. */
  readonly since: number;
  /** How many replies have come. */
  replies = 0;
  readonly #rules: WorkRules;
  readonly #events: WorkEvents;
  #state: 'fresh' | 'long' | 'stalled' = 'fresh';
  #heardAt: number;
  readonly #kept: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(session: Session, batch: readonly Question[], rules: WorkRules, events: WorkEvents) {
    this.session = session;
    this.batch = batch;
    this.#rules = rules;
    this.#events = events;
    this.since = this.#heardAt = rules.now();
    this.#arm(Math.min(HOLD_MS, rules.stallMs), () => this.#become('long'));
  }

  get isStalled(): boolean {
    return this.#state === 'stalled';
  }

  /** The mailbox, where the batch asks about one only. */
  get alone(): string | undefined {
    return this.batch.length === 1 ? this.batch[0]?.recipient.mailbox : undefined;
  }

  /** The questions that are not settled yet. */
  get open(): Question[] {
    return this.batch.filter(({ settled }) => !settled);
  }

  heard(): void {
    this.#heardAt = this.#rules.now();
    this.replies += 1;
    this.#events.heard();
  }

  early(index: number, verdict: Verdict): void {
    const question = this.batch[index];
    if (question === undefined) return;
    const give = (): void => this.#events.answered(question, verdict);
    if (this.#state === 'fresh') this.#kept.push(give);
    else give();
  }

  /** The session is free or lost. What was kept is not given any more: if it is free, the same verdicts came again at the end. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #become(state: 'long' | 'stalled'): void {
    this.#state = state;
    const { now, stallMs, replyTimeoutMs } = this.#rules;
    switch (state) {
      case 'long':
        for (const give of this.#kept.splice(0)) give();
        this.#arm(this.#heardAt + stallMs - now(), () => this.#look());
        return;
      case 'stalled':
        this.#arm(this.since + replyTimeoutMs - now(), () => this.#events.silent(this));
        this.#events.stalled(this);
        return;
    }
  }

  /** Looks whether a reply has come since the timer was set. */
  #look(): void {
    const leftMs = this.#heardAt + this.#rules.stallMs - this.#rules.now();
    if (leftMs > 0) this.#arm(leftMs, () => this.#look());
    else this.#become('stalled');
  }

  #arm(ms: number, then: () => void): void {
    this.#timer = setTimeout(then, Math.max(0, Math.ceil(ms)));
  }
}
