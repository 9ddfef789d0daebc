// One question to a back-channel. Where a session took too long, the question may be under way in two sessions at once: the first
// answer settles it, and a later one is ignored. No I/O.
import type { Asker } from '../../validation/probe.js';
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

export class Question {
  readonly recipient: Recipient;
  /** Absolute, in monotonic milliseconds. */
  readonly deadline: number;
  /** Undefined for a question of our own, in the background. */
  readonly asker: Asker | undefined;
  readonly verdict: Promise<Verdict>;
  /** The Work of the session that it was given to last; undefined while it waits. */
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

  /** @param settled called once, when the question is settled; undefined ends the watch */
  watch(settled: (() => void) | undefined): void {
    this.#onSettled = settled;
  }

  resolve(verdict: Verdict): void {
    this.#settle();
    this.#resolve(verdict);
  }

  reject(error: Error): void {
    this.#settle();
    this.#reject(error);
  }

  /** Tells who watches it, once. What is resolved or rejected a second time changes nothing of a promise. */
  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#onSettled?.();
  }
}
