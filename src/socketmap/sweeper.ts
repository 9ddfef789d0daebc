// Judges all connections once a second: not all at the same moment, which would take as long as hundreds of requests where there are
// thousands of connections, but some every few milliseconds. No I/O but its timer.

/** Where there are fewer, all are judged at once. */
const AT_ONCE = 200;
/** A second has so many slices at most. */
const SLICES_MAX = 100;

export interface Swept {
  sweep(now: number): void;
}

export class Sweeper {
  readonly #now: () => number;
  readonly #all: ReadonlyMap<unknown, Swept>;
  #timer: NodeJS.Timeout | undefined;
  #round: Iterator<Swept, undefined> | undefined;

  /** @param now monotonic milliseconds */
  constructor(all: ReadonlyMap<unknown, Swept>, now: () => number) {
    this.#all = all;
    this.#now = now;
  }

  /** A second has begun. Who was not judged in the one before is judged now. */
  begin(): void {
    this.finish();
    const slices = Math.min(SLICES_MAX, Math.ceil(this.#all.size / AT_ONCE));
    this.#round = this.#all.values();
    if (slices <= 1) return this.finish();
    const size = Math.ceil(this.#all.size / slices);
    this.#timer = setInterval(() => this.#slice(size), Math.floor(SECOND_MS / (slices + 1)));
  }

  /** Judges at once who is left of this second. */
  finish(): void {
    this.#slice(Infinity);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#round = undefined;
  }

  #slice(size: number): void {
    const now = this.#now();
    for (let left = size; left > 0 && this.#round !== undefined; left--) {
      const next = this.#round.next();
      if (next.done === true) this.stop();
      else next.value.sweep(now);
    }
  }
}

const SECOND_MS = 1000;
