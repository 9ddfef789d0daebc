// The pause after a failure. Each pause is twice as long as the one before, up to a maximum, until something succeeds. A random
// part is added, so that many daemons do not come back at the same moment. No I/O, no timer.

export type BackoffLimits = {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** The pause after a refused login. It is long from the first time: trying again would fill logs, and may lock the account. */
  readonly loginBackoffMs: number;
};

export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #until = -Infinity;

  /** @param now monotonic milliseconds @param random from 0 to 1 */
  constructor(limits: BackoffLimits, now: () => number, random: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#random = random;
  }

  /** Whether the pause still lasts. */
  get active(): boolean {
    return this.#now() < this.#until;
  }

  /** Begins a pause. @returns its length in milliseconds: by chance between three quarters of what is due and all of it */
  failed(): number {
    const { backoffMinMs, backoffMaxMs } = this.#limits;
    const due = Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#failures);
    const pauseMs = due * (0.75 + this.#random() / 4);
    this.#failures += 1;
    this.#until = this.#now() + pauseMs;
    return pauseMs;
  }

  /** Begins the pause after a refused login. @returns its length in milliseconds, with the same random part */
  refused(): number {
    const pauseMs = this.#limits.loginBackoffMs * (0.75 + this.#random() / 4);
    this.#until = this.#now() + pauseMs;
    return pauseMs;
  }

  /** Ends the pause. The next one is as long as it would have been without this. */
  end(): void {
    this.#until = -Infinity;
  }

  /** The next pause is the shortest one again. A pause that still lasts goes on. */
  succeeded(): void {
    this.#failures = 0;
  }
}
