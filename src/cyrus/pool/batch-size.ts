// How many recipients a batch may have: as many as Cyrus can answer within half a second, judged by the time that it took for the
// last batches. The number at most doubles from one batch to the next, but shrinks at once. No I/O.

/** A batch should take no longer than this, in milliseconds, since those who come meanwhile wait for its end. */
const BATCH_MS = 500;
/** The size of a batch while we do not know how fast Cyrus is. */
const FIRST_BATCH = 8;

/** A shorter silence of Cyrus means nothing: its machine may be busy for a moment. In milliseconds. */
const STALL_MIN_MS = 300;
/** After so long a silence, in milliseconds, a batch counts as stuck, however slow Cyrus usually is. */
const STALL_MAX_MS = 1_500;
/** A batch is stuck after a silence of so many times the usual time. */
const STALL_FACTOR = 4;

export class BatchSize {
  readonly #max: number;
  #size: number;
  /** The usual time of Cyrus for one recipient, in milliseconds. */
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

  /** How many milliseconds a batch takes at the usual pace of Cyrus; 0 where it is not known yet. */
  expectedMs(count: number): number {
    return this.usualMs * (count + WITNESSES);
  }

  /** After how many milliseconds without a reply a batch is stuck. lmtpd may hold back all replies until the last one. */
  stallMs(count: number): number {
    if (this.#usualMs === undefined) return STALL_MAX_MS;
    return Math.min(STALL_MAX_MS, Math.max(STALL_MIN_MS, STALL_FACTOR * this.expectedMs(count)));
  }

  /** @param ms how long it took to answer `count` recipients */
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

/** The witness is asked before and after the recipients of a batch. */
const WITNESSES = 2;
