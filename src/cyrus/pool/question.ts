// A question that was put to a back-channel. It may be under way in two sessions at once, where the first one took too
// long: whatever comes first settles it, and what comes later is nothing to it. No I/O.
import type { Asker } from '../../validation/probe.js';
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

export class Question {
  readonly recipient: Recipient;
  /** Absolute, in monotonic milliseconds. */
  readonly deadline: number;
  /** Undefined for one of our own, in the background. */
  readonly asker: Asker | undefined;
  readonly verdict: Promise<Verdict>;
  /** What it was given to last; undefined while it waits. */
  holder: object | undefined;
  /** How often it was given to a session. */
  attempts = 0;
  #settled = false;
  #onSettled: (() => void) | undefined;
  #resolve: (verdict: Verdict) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(recipient: Recipient, deadline: number, asker: Asker | undefined) {
    this.recipient = recipient;
    this.deadline = deadline;
    this.asker = asker;
    this.verdict = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** @param settled is called once, when it is; undefined: nobody is told any more */
  watch(settled: (() => void) | undefined): void {
    this.#onSettled = settled;
  }

  resolve(verdict: Verdict): void {
    if (this.#settle()) this.#resolve(verdict);
  }

  reject(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  /** @returns whether it was not settled before */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#onSettled?.();
    return true;
  }
}
