// One batch that a session was given, from then until the session is free again. Its state is named after what is done with
// a "yes" that comes before the end of the batch:
//   fresh    kept: the end proves that no reply was lost or added     → after HOLD_MS: long
//   long     given on as it comes, and what was kept before           → without a reply for stallMs: stalled
//   stalled  as long; what is not answered is asked elsewhere         → the end of the batch, however late
import type { Verdict } from '../../validation/verdict.js';
import type { Question } from './question.js';
import type { Progress, Session } from './session.js';

/** A usual batch is over by then. */
export const HOLD_MS = 100;

export type WorkRules = {
  /** Without a reply for so long, it is stalled. */
  readonly stallMs: number;
  /** From its beginning: what is not answered by then is given up. */
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
  /** When it was given to the session. */
  readonly since: number;
  /** How many have come. */
  replies = 0;
  readonly #rules: WorkRules;
  readonly #events: WorkEvents;
  #state: 'fresh' | 'long' | 'stalled' = 'fresh';
  #heardAt: number;
  #kept: (() => void)[] = [];
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

  /** The mailbox, where only one is asked about. */
  get alone(): string | undefined {
    return this.batch.length === 1 ? this.batch[0]?.recipient.mailbox : undefined;
  }

  /** What nothing has settled yet. */
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

  /** The session is free, or lost: what was kept until now is not worth more than what it says at the end. */
  end(): void {
    clearTimeout(this.#timer);
    this.#kept = [];
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

  /** Whether there was a reply since the timer was set. */
  #look(): void {
    const leftMs = this.#heardAt + this.#rules.stallMs - this.#rules.now();
    if (leftMs > 0) this.#arm(leftMs, () => this.#look());
    else this.#become('stalled');
  }

  #arm(ms: number, then: () => void): void {
    this.#timer = setTimeout(then, Math.max(0, Math.ceil(ms)));
  }
}
