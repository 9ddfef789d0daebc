// One batch that was given to a session, until the session is free again. A yes that only the end of the batch proves is held until
// then, but not for long: a mailbox of the batch may hang. Then its question is asked once more, alone. A batch is
//   answering → (no reply for stallMs) → stalled: questions without an answer are asked elsewhere → (its end, however late)
// No I/O; sets timers.
import type { Verdict } from '../../validation/verdict.js';
import type { Question } from './question.js';
import type { Progress, Session } from './session.js';

export type WorkRules = {
  /** Without a reply for so many milliseconds, the batch is stalled. */
  readonly stallMs: number;
  /** So many milliseconds an answer is held that waits for its proof; then it is asked for again, alone. */
  readonly holdMs: number;
  /** So many milliseconds after its beginning, questions without an answer are given up. */
  readonly replyTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export interface WorkEvents {
  heard(): void;
  answered(question: Question, verdict: Verdict): void;
  /** The proof for these answers does not come. */
  unproven(work: Work, questions: readonly Question[]): void;
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
  #stalled = false;
  #heardAt: number;
  /** Places in the batch of those whose answers are held, and since when; the verdicts come again at the end of the batch. */
  readonly #held: number[] = [];
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
    this.#events.heard();
  }

  early(index: number, verdict: Verdict): void {
    const question = this.batch[index];
    if (question !== undefined) this.#events.answered(question, verdict);
  }

  unproven(index: number): void {
    if (this.#stalled) return;
    if (this.#held.length === 0) this.#heldSince = this.#heardAt;
    this.#held.push(index);
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
    if (time >= this.#heldSince + holdMs) {
      this.#heldSince = Infinity;
      const held = this.#held.splice(0).flatMap((index) => this.batch[index] ?? []);
      this.#events.unproven(this, held);
    }
    // An answer that is held from now on is due no earlier than this.
    const heldUntil = Math.min(this.#heldSince, time) + holdMs;
    this.#arm(Math.min(this.#heardAt + stallMs, heldUntil) - time, () => this.#look());
  }

  #stall(): void {
    const { now, replyTimeoutMs } = this.#rules;
    this.#stalled = true;
    this.#arm(this.since + replyTimeoutMs - now(), () => this.#events.silent(this));
    this.#events.stalled(this);
  }

  #arm(ms: number, then: () => void): void {
    this.#timer = setTimeout(then, Math.max(0, Math.ceil(ms)));
  }
}
