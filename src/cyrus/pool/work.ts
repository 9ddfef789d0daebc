// One batch that was given to a session, until the session is free again. A yes is held until the end of the batch, where whatever is
// wrong with it has shown, but not for long, since another mailbox may hang: then a certain one is told, and another one is asked for once
// more, alone. A batch is
//   answering → (no reply for stallMs) → stalled: questions without an answer are asked elsewhere → (its end, however late)
// No I/O; sets timers.
import type { Verdict } from '../../validation/verdict.js';
import type { Question } from './question.js';
import type { Progress, Session } from './session.js';

export type WorkRules = {
  /** Without a reply for so many milliseconds, the batch is stalled. */
  readonly stallMs: number;
  /** So many milliseconds a yes is held; then it is told if it is certain, and asked for again, alone, if it is not. */
  readonly holdMs: number;
  /** So many milliseconds after its beginning, questions without an answer are given up. */
  readonly replyTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export interface WorkEvents {
  /** @param at monotonic milliseconds */
  heard(at: number): void;
  answered(question: Question, verdict: Verdict): void;
  /** The proof for these answers does not come. */
  unproven(work: Work, questions: readonly Question[]): void;
  stalled(work: Work): void;
  silent(work: Work): void;
}

type Held = { readonly question: Question; readonly certain: Verdict | undefined };

export class Work implements Progress {
  readonly session: Session;
  readonly batch: readonly Question[];
  /** When the batch was given to the session. */
  readonly since: number;
  /** How many replies have come. */
  replies = 0;
  readonly #rules: WorkRules;
  readonly #events: WorkEvents;
  #stalled = false;
  #heardAt: number;
  /** Whose answers are held, with those that are certain, and since when; all verdicts come again at the end of the batch. */
  readonly #held: Held[] = [];
  #heldSince = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(session: Session, batch: readonly Question[], rules: WorkRules, events: WorkEvents) {
    this.session = session;
    this.batch = batch;
    this.#rules = rules;
    this.#events = events;
    this.since = this.#heardAt = rules.now();
    this.#arm(Math.min(rules.holdMs, rules.stallMs), () => this.#look());
  }

  get isStalled(): boolean {
    return this.#stalled;
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
    this.#events.heard(this.#heardAt);
  }

  early(index: number, verdict: Verdict): void {
    this.#hold(index, verdict);
  }

  unproven(index: number): void {
    this.#hold(index, undefined);
  }

  /** The session is free or lost. */
  end(): void {
    clearTimeout(this.#timer);
  }

  /** Looks what is due: whether answers have been held for too long, and whether a reply has come since the timer was set. */
  #look(): void {
    const { now, stallMs, holdMs } = this.#rules;
    const time = now();
    if (time >= this.#heardAt + stallMs) return this.#stall();
    if (time >= this.#heldSince + holdMs) this.#release();
    // An answer that is held from now on is due no earlier than this.
    const heldUntil = Math.min(this.#heldSince, time) + holdMs;
    this.#arm(Math.min(this.#heardAt + stallMs, heldUntil) - time, () => this.#look());
  }

  #hold(index: number, certain: Verdict | undefined): void {
    const question = this.batch[index];
    if (question === undefined) return;
    if (this.#held.length === 0) this.#heldSince = this.#heardAt;
    this.#held.push({ question, certain });
    if (this.#stalled) this.#release();
  }

  #release(): void {
    this.#heldSince = Infinity;
    const unproven: Question[] = [];
    for (const { question, certain } of this.#held.splice(0)) {
      if (certain === undefined) unproven.push(question);
      else this.#events.answered(question, certain);
    }
    if (unproven.length > 0 && !this.#stalled) this.#events.unproven(this, unproven);
  }

  #stall(): void {
    const { now, replyTimeoutMs } = this.#rules;
    this.#stalled = true;
    this.#release();
    this.#arm(this.since + replyTimeoutMs - now(), () => this.#events.silent(this));
    this.#events.stalled(this);
  }

  #arm(ms: number, then: () => void): void {
    this.#timer = setTimeout(then, Math.max(0, Math.ceil(ms)));
  }
}
