// A histogram of nanoseconds, like HdrHistogram: 256 steps for each power of two, so that each value is kept to 0.4 %, large or
// small. The buckets are the same as in bench/histogram.h. No I/O.

const STEP_BITS = 8;
const STEPS = 2 ** STEP_BITS;
const MAX_BITS = 40;
/** About 18 minutes; a longer time counts as this. */
const MAX_NS = 2 ** MAX_BITS - 1;

/** The buckets that are not empty, from the smallest value up. */
export type Buckets = readonly (readonly [ns: number, count: number])[];

export class Histogram {
  readonly #counts = new Uint32Array((MAX_BITS - STEP_BITS + 1) * STEPS);

  record(ns: number): void {
    const value = Math.min(Math.max(Math.round(ns), 0), MAX_NS);
    const shift = value < STEPS ? 0 : Math.floor(Math.log2(value)) - STEP_BITS;
    const bucket = shift * STEPS + Math.floor(value / 2 ** shift);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  buckets(): Buckets {
    const held: [number, number][] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) held.push([middleOf(bucket), count]);
    });
    return held;
  }
}

/** The sum of several histograms. */
export function mergeBuckets(histograms: readonly Buckets[]): Buckets {
  const counts = new Map<number, number>();
  for (const [ns, count] of histograms.flat()) counts.set(ns, (counts.get(ns) ?? 0) + count);
  return [...counts].sort(([a], [b]) => a - b);
}

/** @param fraction 0.5 is the median, 1 the largest value */
export function quantile(buckets: Buckets, fraction: number): number | undefined {
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [ns, count] of buckets) {
    seen += count;
    if (seen >= fraction * total) return ns;
  }
  return undefined;
}

function middleOf(bucket: number): number {
  const shift = bucket < 2 * STEPS ? 0 : Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS) * 2 ** shift + Math.floor(2 ** shift / 2);
}
