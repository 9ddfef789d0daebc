// Mailboxes over which Cyrus took very long while it answered for others: a reconstruct or a large delivery holds their lock. For
// a while we ask about each of them alone, so that others do not have to wait with them. No I/O.

const SLOW_FOR_MS = 60_000;
const SLOW_NAMES_MAX = 1_000;

export class SlowNames {
  readonly #now: () => number;
  /** Each mailbox, and until when it counts as slow, the oldest first. */
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
