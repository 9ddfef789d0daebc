// How late the event loop is, seen by one timer a second: the worst of the last quarter of a minute. The runtime's own
// monitorEventLoopDelay() wakes the process a hundred times as often. A timer, no other I/O.

const TICK_MS = 1_000;
const KEPT = 15;

export class LoopDelay {
  readonly #late = new Float64Array(KEPT);
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #due: number;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#due = now() + TICK_MS;
    this.#timer = setInterval(() => {
      const at = now();
      this.#late[this.#next] = Math.max(0, at - this.#due);
      this.#next = (this.#next + 1) % KEPT;
      this.#due = at + TICK_MS;
    }, TICK_MS).unref();
  }

  get worstSeconds(): number {
    return Math.max(...this.#late) / 1000;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
