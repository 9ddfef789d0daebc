// What the daemon counts. Plain increments on the path of every lookup; the time of a miss goes into the
// runtime's own histogram, for its median, and into buckets, for Prometheus. No I/O.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Source, Verdict } from '../validation/verdict.js';
import { Histogram } from './histogram.js';
import { Tally } from './tally.js';

export class Metrics {
  readonly #tallies = new Map<string, Tally>();
  /** How long lookups took that had to ask. */
  readonly missMicroseconds: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: 60_000_000,
    figures: 3,
  });
  readonly missDurations = new Histogram();

  /** @param map one that the configuration names: a stranger may ask for any number of them */
  tallyOf(map: string): Tally {
    const tally = this.#tallies.get(map) ?? new Tally();
    this.#tallies.set(map, tally);
    return tally;
  }

  missed(ms: number): void {
    this.missMicroseconds.record(Math.max(1, Math.round(ms * 1000)));
    this.missDurations.record(ms);
  }

  /** The counts of each map, by its name. */
  get tallies(): ReadonlyMap<string, Tally> {
    return this.#tallies;
  }

  /** The counts of all maps together. */
  get totals(): {
    readonly verdicts: { readonly [kind in Verdict['kind']]: number };
    readonly sources: { readonly [source in Source]: number };
  } {
    const verdicts = { deliverable: 0, unknown: 0, overquota: 0, refused: 0, deferred: 0 };
    const sources = {
      rule: 0,
      known: 0,
      negative: 0,
      directory: 0,
      probe: 0,
      stale: 0,
      deadline: 0,
      routing: 0,
      down: 0,
    };
    for (const tally of this.#tallies.values()) tally.addTo(verdicts, sources);
    return { verdicts, sources };
  }
}
