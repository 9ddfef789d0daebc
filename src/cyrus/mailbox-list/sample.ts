// Holds one kind of the directory's answers against lmtpd's, now and then: that it is right is not believed, it is seen.
// No I/O of its own; time is a parameter.
import { messageOf } from '../../errors.js';
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

/** One answer of so many is confirmed, */
export const SAMPLE_EVERY = 500;
/** and one in this time, while there are any. */
export const SAMPLE_MS = 60_000;
/** After lmtpd could not be asked. */
const PAUSE_MS = 1_000;
/** During a repack of a million mailboxes lmtpd is silent for 13 s. */
const DEADLINE_MS = 25_000;

export type SampleParts = {
  /** lmtpd, past everything that is remembered. */
  readonly ask: (recipient: Recipient, deadline: number) => Promise<Verdict>;
  /** A number that another state of the list has not, looked at anew: an answer from between two says nothing. */
  readonly state: () => number;
  /** What it says, if it is not `deferred`, against what was answered. */
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
  #count = 0;

  constructor(parts: SampleParts) {
    this.#parts = parts;
  }

  /** Whether lmtpd could be asked the last time, and said something. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** How often lmtpd was heard. */
  get count(): number {
    return this.#count;
  }

  /** An answer is being given: asks lmtpd as well, in the background, if it is time. */
  take(recipient: Recipient): void {
    const now = this.#parts.now();
    this.#answers += 1;
    if (this.#asking || now < this.#pausedUntil) return;
    if (this.#confirmed && this.#answers < SAMPLE_EVERY && now < this.#at + SAMPLE_MS) return;
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
      verdict = { kind: 'deferred', reason: messageOf(error) };
    }
    this.#asking = false;
    if (verdict.kind === 'deferred') {
      this.#confirmed = false;
      this.#pausedUntil = this.#parts.now() + PAUSE_MS;
    } else if (this.#parts.state() === before) {
      this.#confirmed = true;
      this.#count += 1;
      this.#parts.said(recipient, verdict);
    } else {
      // The list changed meanwhile: the next answer is held against lmtpd's in its place.
      this.#at = -Infinity;
    }
  }
}
