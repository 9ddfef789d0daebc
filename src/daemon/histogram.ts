// Durations in buckets, as Prometheus counts them: how many were at most so long. Fixed bounds, no allocation. No I/O.

/** Upper bounds in seconds: a question to Cyrus takes 0.0002 to 0.01, its deadline is 5. */
export const BOUNDS_SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25,
];

export type Buckets = {
  /** For each bound and then without one, how many were at most that long. */
  readonly cumulative: readonly number[];
  readonly sumSeconds: number;
  readonly count: number;
};

export class Histogram {
  readonly #counts = new Float64Array(BOUNDS_SECONDS.length + 1);
  #sum = 0;

  record(ms: number): void {
    const seconds = ms / 1000;
    let i = 0;
    while (seconds > (BOUNDS_SECONDS[i] ?? Infinity)) i += 1;
    this.#counts[i] = (this.#counts[i] ?? 0) + 1;
    this.#sum += seconds;
  }

  read(): Buckets {
    let count = 0;
    const cumulative = Array.from(this.#counts, (each) => (count += each));
    return { cumulative, sumSeconds: this.#sum, count };
  }
}
