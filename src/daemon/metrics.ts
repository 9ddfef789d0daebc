// What the daemon counts. Plain increments on the path of every lookup; the time of a miss goes into the
// runtime's own histogram. No I/O.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Source, Verdict } from '../validation/verdict.js';

export class Metrics {
  readonly verdicts: { [kind in Verdict['kind']]: number } = {
    deliverable: 0,
    unknown: 0,
    overquota: 0,
    refused: 0,
    deferred: 0,
  };
  readonly sources: { [source in Source]: number } = {
    rule: 0,
    known: 0,
    negative: 0,
    probe: 0,
    stale: 0,
    deadline: 0,
    routing: 0,
    down: 0,
  };
  /** Of lookups that had to ask. */
  readonly missMicroseconds: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: 60_000_000,
    figures: 3,
  });

  count(kind: Verdict['kind'], source: Source): void {
    this.verdicts[kind] += 1;
    this.sources[source] += 1;
  }

  missed(ms: number): void {
    this.missMicroseconds.record(Math.max(1, Math.round(ms * 1000)));
  }
}
