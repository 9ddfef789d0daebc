// How many lookups of one map ended how: verdict by source. Counted on the path of every lookup, in one array. No I/O.
import type { Source, Verdict } from '../validation/verdict.js';

const VERDICTS: { readonly [kind in Verdict['kind']]: number } = {
  deliverable: 0,
  unknown: 1,
  overquota: 2,
  refused: 3,
  deferred: 4,
};

const SOURCES: { readonly [source in Source]: number } = {
  rule: 0,
  known: 1,
  negative: 2,
  probe: 3,
  stale: 4,
  deadline: 5,
  routing: 6,
  down: 7,
  directory: 8,
};

const COLUMNS = Object.keys(SOURCES).length;

export class Tally {
  readonly #counts = new Float64Array(Object.keys(VERDICTS).length * COLUMNS);

  add(kind: Verdict['kind'], source: Source): void {
    const at = VERDICTS[kind] * COLUMNS + SOURCES[source];
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** By verdict, then by source; only what happened. */
  *entries(): Generator<{ readonly verdict: string; readonly source: string; readonly count: number }> {
    for (const [verdict, row] of Object.entries(VERDICTS)) {
      for (const [source, column] of Object.entries(SOURCES)) {
        const count = this.#counts[row * COLUMNS + column] ?? 0;
        if (count > 0) yield { verdict, source, count };
      }
    }
  }

  addTo(verdicts: { [kind in Verdict['kind']]: number }, sources: { [source in Source]: number }): void {
    for (const verdict of keysOf(VERDICTS)) {
      for (const source of keysOf(SOURCES)) {
        const count = this.#counts[VERDICTS[verdict] * COLUMNS + SOURCES[source]] ?? 0;
        verdicts[verdict] += count;
        sources[source] += count;
      }
    }
  }
}

function keysOf<Name extends string>(names: { readonly [name in Name]: number }): Name[] {
  const keys: Name[] = [];
  for (const name in names) keys.push(name);
  return keys;
}
