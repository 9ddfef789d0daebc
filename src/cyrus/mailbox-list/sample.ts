// Compares some of the directory's answers with those of lmtpd, so that a wrong one is noticed. There is one sample for each kind
// of answer. No I/O of its own; time is a parameter.
import { isNobodyThere } from '../../errors.js';
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

/** One answer in so many is compared with lmtpd's. */
export const SAMPLE_EVERY = 500;
/** Also, if so many milliseconds have passed since the last comparison, the next answer is compared. */
export const SAMPLE_MS = 60_000;
/** How long we wait, in milliseconds, after lmtpd could not be asked. */
const PAUSE_MS = 1_000;
/** How long lmtpd may be silent, in milliseconds: during a repack of a million mailboxes it is silent for 13 s. */
export const DEADLINE_MS = 25_000;

export type SampleParts = {
  /** Asks lmtpd itself, past everything that is remembered. */
  readonly ask: (recipient: Recipient, deadline: number) => Promise<Verdict>;
  /** Looks again, and gives a number that differs for each state of the list. If it changed meanwhile, the answer is not used. */
  readonly state: () => number;
  /** Called with lmtpd's verdict, unless that is `deferred`, to be compared with our answer. */
  readonly said: (recipient: Recipient, verdict: Verdict) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export class Sample {
  readonly #parts: SampleParts;
  #answers = 0;
  #at = -Infinity;
  #asking = false;
  #pausedUntil = -Infinity;
  #confirmed = false;
  /** When the first question was put to which no reply has come since. */
  #silentSince: number | undefined;
  #count = 0;

  constructor(parts: SampleParts) {
    this.#parts = parts;
  }

  /** Whether lmtpd gave a verdict when it was last asked; of one that is there and silent, until DEADLINE_MS after the question. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** How often an answer was compared. */
  get count(): number {
    return this.#count;
  }

  /** Called for each answer: if it is time, asks lmtpd about the same recipient, in the background. */
  take(recipient: Recipient): void {
    const now = this.#parts.now();
    this.#answers += 1;
    if (this.#asking || now < this.#pausedUntil) return;
    const isEnough = this.#confirmed && this.#silentSince === undefined;
    if (isEnough && this.#answers < SAMPLE_EVERY && now < this.#at + SAMPLE_MS) return;
    this.#answers = 0;
    this.#at = now;
    void this.#ask(recipient, now + DEADLINE_MS);
  }

  async #ask(recipient: Recipient, deadline: number): Promise<void> {
    this.#asking = true;
    const before = this.#parts.state();
    let verdict: Verdict;
    try {
      verdict = await this.#parts.ask(recipient, deadline);
    } catch (error) {
      this.#unanswered(deadline - DEADLINE_MS, isNobodyThere(error));
      return;
    }
    this.#asking = false;
    this.#silentSince = undefined;
    if (verdict.kind === 'deferred') {
      this.#confirmed = false;
      this.#pausedUntil = this.#parts.now() + PAUSE_MS;
    } else if (this.#parts.state() === before) {
      this.#confirmed = true;
      this.#count += 1;
      this.#parts.said(recipient, verdict);
    } else {
      // The list changed meanwhile, so the next answer is compared instead.
      this.#at = -Infinity;
    }
  }

  /** Others give up earlier, but Cyrus that writes its list anew is only silent: the list goes on telling what it would say. */
  #unanswered(asked: number, nobodyThere: boolean): void {
    const now = this.#parts.now();
    this.#asking = false;
    this.#pausedUntil = now + PAUSE_MS;
    this.#silentSince ??= asked;
    if (nobodyThere || now >= this.#silentSince + DEADLINE_MS) this.#confirmed = false;
  }
}
