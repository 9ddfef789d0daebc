// When lookups that wait for Cyrus have waited long enough. In a flood thousands come due in the same moment; to answer
// all of them in one turn of the event loop would hold up everybody else, so a turn answers some, and begins so much
// earlier that the last one is not late. No I/O.
import { asError } from '../errors.js';

/** That one turn answers; together they take a few milliseconds. */
const DUE_A_TURN = 256;
/** What such a turn takes in a flood, with all else that is done in it, in milliseconds: measured by `npm run test:flood`. */
const TURN_MS = 10;
/** How far ahead it is looked for many that come due together, in milliseconds. */
const HORIZON_MS = 1_000;

type Waiting = { readonly dueMs: number; readonly expire: () => void };

/** What becomes of a lookup without an answer. */
export type Otherwise<Answer> = {
  readonly late: () => Answer | Promise<Answer>;
  /** Where it is left out, whoever waits gets the fault itself. */
  readonly failed?: (fault: unknown) => Answer;
};

export class Deadlines {
  readonly #now: () => number;
  /** By the millisecond in which they are due. */
  readonly #due = new Map<number, Set<Waiting>>();
  #size = 0;
  /** Nothing is due before. */
  #earliestMs = Infinity;
  #wakeAt = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #slice: NodeJS.Immediate | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param due of the same clock
   * @returns the answer, or when it is due, or some time earlier where very many are, what is said instead
   */
  within<Answer>(due: number, answer: Promise<Answer>, otherwise: Otherwise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting = this.#add(due, () => resolve(otherwise.late()));
      const failed = (fault: unknown): void => {
        this.#delete(waiting);
        if (otherwise.failed === undefined) reject(asError(fault));
        else resolve(otherwise.failed(fault));
      };
      answer.then((value) => {
        this.#delete(waiting);
        resolve(value);
      }, failed);
    });
  }

  #add(due: number, expire: () => void): Waiting {
    const waiting: Waiting = { dueMs: Math.floor(due), expire };
    const together = this.#due.get(waiting.dueMs);
    if (together === undefined) this.#due.set(waiting.dueMs, new Set([waiting]));
    else together.add(waiting);
    this.#size += 1;
    const isEarliest = waiting.dueMs < this.#earliestMs;
    if (isEarliest) this.#earliestMs = waiting.dueMs;
    if (isEarliest || this.#size % DUE_A_TURN === 0) this.#arm();
    return waiting;
  }

  #delete(waiting: Waiting): void {
    const together = this.#due.get(waiting.dueMs);
    if (together?.delete(waiting) !== true) return;
    this.#size -= 1;
    if (together.size === 0) this.#due.delete(waiting.dueMs);
    if (this.#size === 0) this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#slice);
    this.#timer = undefined;
    this.#slice = undefined;
    this.#earliestMs = Infinity;
    this.#wakeAt = Infinity;
  }

  /** Sees to it that a turn begins in time. One that is too early only looks again. */
  #arm(): void {
    const wakeAt = this.#beginAt();
    if (wakeAt >= this.#wakeAt || this.#slice !== undefined) return;
    clearTimeout(this.#timer);
    this.#wakeAt = wakeAt;
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, wakeAt - this.#now()));
  }

  #turn(): void {
    this.#timer = undefined;
    this.#slice = undefined;
    this.#wakeAt = Infinity;
    // A timer of Node's may be a part of a millisecond early.
    const now = this.#now() + 1;
    for (let left = DUE_A_TURN; left > 0 && this.#size > 0 && this.#beginAt() <= now;) {
      left -= this.#expire(left);
    }
    if (this.#size === 0) return;
    if (this.#beginAt() <= now) this.#slice = setImmediate(() => this.#turn());
    else this.#arm();
  }

  /** @returns how many of the earliest have expired now, at most `max` */
  #expire(max: number): number {
    const together = this.#due.get(this.#earliestMs) ?? [];
    let expired = 0;
    for (const waiting of together) {
      if (expired === max) break;
      expired += 1;
      this.#delete(waiting);
      waiting.expire();
    }
    return expired;
  }

  /** When to begin, so that all that are due by any time have had their turn by then. */
  #beginAt(): number {
    while (this.#size > 0 && !this.#due.has(this.#earliestMs)) this.#earliestMs += 1;
    if (this.#size <= DUE_A_TURN) return this.#earliestMs;
    let beginAt = this.#earliestMs;
    let count = 0;
    for (let ms = this.#earliestMs; ms < this.#earliestMs + HORIZON_MS && count < this.#size; ms++) {
      count += this.#due.get(ms)?.size ?? 0;
      beginAt = Math.min(beginAt, ms - Math.floor(count / DUE_A_TURN) * TURN_MS);
    }
    return beginAt;
  }
}
