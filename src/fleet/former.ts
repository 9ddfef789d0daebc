// The process that published before this one: followers may go on believing by what it has answered, until a lease after changes
// began to come here, for then it answered no more. Time is a parameter; no I/O but a timer.
export class Former {
  readonly #leaseMs: number;
  readonly #now: () => number;
  #since: number | undefined;

  /** @param now monotonic milliseconds */
  constructor(leaseMs: number, now: () => number) {
    this.#leaseMs = leaseMs;
    this.#now = now;
  }

  /** Changes come here, if not since before. @returns since when, in monotonic milliseconds */
  replaced(): number {
    return (this.#since ??= this.#now());
  }

  /** A change has come. @returns until nobody believes the other process any more; undefined where that is so already */
  heard(): Promise<void> | undefined {
    const leftMs = this.replaced() + this.#leaseMs - this.#now();
    return leftMs <= 0 ? undefined : new Promise((resolve) => setTimeout(resolve, leftMs).unref());
  }
}
