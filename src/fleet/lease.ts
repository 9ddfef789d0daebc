// The lease of a follower: until when it may believe. It puts numbered questions, and the publisher answers with the highest
// number that it has read, so it was there after that question was put. Counted from the putting, by the follower's own clocks,
// it is over before the publisher counts on that, whatever the clock of Valkey says. No I/O; time is a parameter.

/** Two clocks read together: the first one stands still while a machine sleeps, the second one may be set. */
export type Clocks = {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly wall: number;
};

/** How often each side speaks within a lease, so that some of it may be lost. */
export const BEATS = 5;

/** For so many leases after the last sign of a second publisher, followers believe nothing and the publisher trusts no list of them. */
export const CONTESTED_LEASES = 10;

/** Questions that were not answered yet; older ones would give no lease any more. */
const ASKED_MAX = 64;

export class Lease {
  readonly #asked: (Clocks & { readonly number: number })[] = [];
  #from: Clocks | undefined;
  #ms = 0;

  /**
   * @param number of the question, given by Valkey
   * @param answered the number that the beacon had just before: a question is of use only if it is higher, else numbers
   *   have begun anew, and the answer would be to another one
   * @param sent read before the question was sent
   */
  ask(number: number, answered: number, sent: Clocks): void {
    if (number <= answered) return;
    this.#asked.push({ number, ...sent });
    if (this.#asked.length > ASKED_MAX) this.#asked.shift();
  }

  /** The publisher had read all questions up to that number. */
  answer(number: number, ms: number): void {
    let count = 0;
    for (const asked of this.#asked) {
      if (asked.number > number) break;
      this.#from = asked;
      count += 1;
    }
    this.#ms = ms;
    this.#asked.splice(0, count);
  }

  holds(now: number, wall: number): boolean {
    return this.#from !== undefined && now - this.#from.now < this.#ms && wall - this.#from.wall < this.#ms;
  }

  /** Whether it would hold, had not the clock of the machine been set forward, or the machine slept. */
  jumped(now: number): boolean {
    return this.#from !== undefined && now - this.#from.now < this.#ms;
  }

  /** What was asked is of no use any more: another publisher would answer. */
  end(): void {
    this.#asked.length = 0;
    this.#from = undefined;
  }
}
