// Mailboxes over which Cyrus took very long while it answered for others: someone holds their lock, a reconstruct or a large
// delivery. For a while they are asked about alone, so that others do not wait with them. No I/O.

export const SLOW_FOR_MS = 60_000;
export const SLOW_NAMES_MAX = 1_000;

export class SlowNames {
  readonly #now: () => number;
  /** Until when, the oldest first. */
  readonly #until = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(mailbox: string): void {
    this.#until.delete(mailbox);
    this.#until.set(mailbox, this.#now() + SLOW_FOR_MS);
    if (this.#until.size <= SLOW_NAMES_MAX) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }

  has(mailbox: string): boolean {
    const until = this.#until.get(mailbox);
    if (until === undefined) return false;
    if (this.#now() < until) return true;
    this.#until.delete(mailbox);
    return false;
  }
}
