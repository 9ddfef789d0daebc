// Two back-channels for the same mailboxes: the second is asked only where the first could not be asked. Where the first was
// asked, its answer counts, even if it is only "deferred". No I/O; it closes neither of the two.
import { DeadlineError } from '../errors.js';
import { Deadlines } from './deadlines.js';
import type { Asker, Probe } from './probe.js';
import type { Recipient } from './recipient.js';
import type { Verdict } from './verdict.js';

/** The first may take this part of the time left, so that the second has some time too. */
const FIRST_SHARE = 0.5;

export class FallbackProbe implements Probe {
  readonly name: string;
  readonly #first: Probe;
  readonly #second: Probe;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;

  /** @param now monotonic milliseconds, of the same clock as the deadlines */
  constructor(first: Probe, second: Probe, now: () => number) {
    this.name = first.name;
    this.#first = first;
    this.#second = second;
    this.#now = now;
    this.#deadlines = new Deadlines(now);
  }

  /** Whether it asks these two, in this order. */
  isOf(first: Probe, second: Probe): boolean {
    return this.#first === first && this.#second === second;
  }

  get acceptsEightBit(): boolean {
    return this.#first.acceptsEightBit || this.#second.acceptsEightBit;
  }

  get asksEightBit(): boolean {
    return this.#first.asksEightBit === true && this.#second.asksEightBit === true;
  }

  get seesFolders(): boolean {
    return this.#first.seesFolders === true && this.#second.seesFolders === true;
  }

  get judgesSize(): boolean {
    return this.#first.judgesSize === true || this.#second.judgesSize === true;
  }

  async check(recipient: Recipient, deadline: number, asker?: Asker): Promise<Verdict> {
    let verdict: Verdict | undefined;
    try {
      verdict = await this.#askFirst(recipient, deadline, asker);
    } catch (error) {
      return this.#askSecond(recipient, deadline, asker, error);
    }
    if (verdict.kind !== 'deferred' || verdict.unasked !== true) return verdict;
    return this.#askSecond(recipient, deadline, asker, new Error(verdict.reason));
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #askFirst(recipient: Recipient, deadline: number, asker: Asker | undefined): Promise<Verdict> {
    const now = this.#now();
    const share = Math.max(0, (deadline - now) * FIRST_SHARE);
    const late = (): Promise<Verdict> =>
      Promise.reject(
        new DeadlineError(`back-channel ${this.#first.name} did not answer within ${Math.round(share)} ms`),
      );
    return this.#deadlines.within(now + share, this.#first.check(recipient, now + share, asker), { late });
  }

  async #askSecond(
    recipient: Recipient,
    deadline: number,
    asker: Asker | undefined,
    why: unknown,
  ): Promise<Verdict> {
    try {
      return await this.#second.check(recipient, deadline, asker);
    } catch (error) {
      // The operator wants to know why each of the two could not be asked.
      if (error instanceof Error && error.cause === undefined) error.cause = why;
      throw error;
    }
  }
}
