// How many recipients a batch may have: so many that Cyrus has answered them after half a second, by the time that it took
// for the last ones. It grows by doubling and shrinks at once. No I/O.

/** A batch is to take so long at most: whoever comes meanwhile waits for its end. */
export const BATCH_MS = 500;
/** As long as nothing is known of Cyrus' speed. */
export const FIRST_BATCH = 8;

/** Silence of Cyrus is not judged before this: its machine may be busy for a moment. */
export const STALL_MIN_MS = 300;
/** Nor is more of it taken for granted than this, however slow Cyrus is. */
export const STALL_MAX_MS = 1_500;
/** Times of the usual. */
const STALL_FACTOR = 4;

export class BatchSize {
  readonly #max: number;
  #size: number;
  /** Milliseconds for one recipient. */
  #usualMs: number | undefined;

  /** @param max the configured limit */
  constructor(max: number) {
    this.#max = max;
    this.#size = Math.min(FIRST_BATCH, max);
  }

  get size(): number {
    return this.#size;
  }

  /** Milliseconds that Cyrus takes for one recipient; 0 where it is not known yet. */
  get usualMs(): number {
    return this.#usualMs ?? 0;
  }

  /** After how long without a reply a batch is stuck. lmtpd may hold back all replies until the last one. */
  stallMs(count: number): number {
    if (this.#usualMs === undefined) return STALL_MAX_MS;
    const usualMs = STALL_FACTOR * this.#usualMs * (count + WITNESSES);
    return Math.min(STALL_MAX_MS, Math.max(STALL_MIN_MS, usualMs));
  }

  /** @param ms that it took to answer so many */
  answered(count: number, ms: number): void {
    const eachMs = ms / count;
    this.#usualMs = this.#usualMs === undefined ? eachMs : (this.#usualMs + eachMs) / 2;
    const inTime = Math.floor(BATCH_MS / Math.max(eachMs, BATCH_MS / this.#max));
    this.#size = Math.max(1, Math.min(inTime, this.#max, 2 * this.#size));
  }

  /** A batch got stuck: so many at once were too many. */
  stuck(): void {
    this.#size = Math.max(1, this.#size >> 1);
  }
}

/** Asked around a batch. */
const WITNESSES = 2;
