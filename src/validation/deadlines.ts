// Ends lookups that have waited for Cyrus long enough. In a flood thousands of them come due in the same moment, and to answer
// all in one turn of the event loop would hold up everybody else. So each turn answers some, and the first turn begins early
// enough that the last lookup is not late. No I/O.
import { asError } from '../errors.js';

/** So many lookups are answered in one turn of the event loop; together they take a few milliseconds. */
const DUE_A_TURN = 256;
/** What such a turn takes in a flood, with all else that is done in it, in milliseconds: measured by `npm run test:flood`. */
const TURN_MS = 10;
/** How far ahead we look for many lookups that come due together, in milliseconds. */
const HORIZON_MS = 1_000;

type Waiting = { readonly dueMs: number; readonly expire: () => void };

/** What a lookup gets that has no answer: because it is too late, or because the question failed. */
export type Otherwise<Answer> = {
  readonly late: () => Answer | Promise<Answer>;
  /** Without this function the promise is rejected with the fault itself. */
  readonly failed?: (fault: unknown) => Answer;
};

export class Deadlines {
  readonly #now: () => number;
  /** The waiting lookups, by the millisecond in which they are due. */
  readonly #due = new Map<number, Set<Waiting>>();
  #size = 0;
  /** No lookup is due before this time. */
  #earliestMs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #slice: NodeJS.Immediate | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param due when the time is over, by the clock of the constructor
   * @returns the answer; or `otherwise.late()` when the time is over, a little earlier where very many come due together
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
    this.#clear();
    this.#earliestMs = Infinity;
  }

  #clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#slice);
  }

  /** Sets the timer so that a turn begins in time. A turn that comes too early does no harm: it sets the timer again. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, this.#beginAt() - this.#now()));
  }

  #turn(): void {
    this.#clear();
    // A timer of Node may fire a fraction of a millisecond early.
    const now = this.#now() + 1;
    for (let left = DUE_A_TURN; left > 0 && this.#beginAt() < now;) {
      left -= this.#expire(left);
    }
    if (this.#size === 0) return;
    if (this.#beginAt() < now) this.#slice = setImmediate(() => this.#turn());
    else this.#arm();
  }

  /** Ends lookups that are due in the earliest millisecond, at most `max`. @returns how many it ended */
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

  /** When the first turn must begin, so that no lookup is ended after it is due; Infinity where none is waiting. */
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
