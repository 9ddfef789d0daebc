// The results of a run, as JSON and in memory: samples by round, their medians, the ratios between servers, and the aims. Also
// parses such JSON. No I/O.
import * as v from 'valibot';

export const METRICS = [
  'rate',
  'sessions',
  'median',
  'p99',
  'cpu',
  'memory',
  'took',
  'served',
  'late',
] as const;
export type Metric = (typeof METRICS)[number];

/** For each metric: its title with the unit, whether more is better, and whether it is about the generator, not the server. */
export const METRIC_WORDS: Readonly<Record<Metric, { title: string; more: boolean; instrument?: true }>> = {
  rate: { title: 'lookups/s', more: true },
  sessions: { title: 'sessions/s', more: true },
  median: { title: 'median µs', more: false },
  p99: { title: 'p99 µs', more: false },
  cpu: { title: 'CPU µs/lookup', more: false },
  memory: { title: 'memory MB', more: false },
  took: { title: 'took ms', more: false },
  /** Of the recipients that exist, those that were told so at the first try. */
  served: { title: 'served %', more: true },
  /** How late the load generator itself was with sending, at p99. */
  late: { title: 'generator late µs', more: false, instrument: true },
};

const BUCKETS = v.array(v.tuple([v.number(), v.number()]));
const SAMPLE = v.object({
  round: v.number(),
  values: v.record(v.picklist(METRICS), v.number()),
  latency: BUCKETS,
});
const CONTESTANT = v.object({ label: v.string(), samples: v.array(SAMPLE) });
const AIM = v.object({
  metric: v.picklist(METRICS),
  /** Another contestant of the scenario; undefined where the number itself is the limit. */
  against: v.optional(v.string()),
  atMost: v.optional(v.number()),
  atLeast: v.optional(v.number()),
});
const SCENARIO = v.object({
  name: v.string(),
  title: v.string(),
  connections: v.number(),
  aims: v.array(AIM),
  contestants: v.array(CONTESTANT),
});
const RESULTS = v.object({
  command: v.string(),
  machine: v.string(),
  settings: v.string(),
  scenarios: v.array(SCENARIO),
  faults: v.array(v.string()),
});

export type Aim = v.InferOutput<typeof AIM>;
export type ScenarioResult = v.InferOutput<typeof SCENARIO>;
export type Results = v.InferOutput<typeof RESULTS>;

export type Spread = {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: number;
};

/** The metrics of servers, for which there are ratios. */
export const SERVER_METRICS = METRICS.filter((metric) => METRIC_WORDS[metric].instrument === undefined);

/** The name of our own server, to which the ratios belong. */
export const OURS = 'cyrusmapd';

export function parseResults(text: string): Results {
  return v.parse(RESULTS, JSON.parse(text));
}

export function spreadOf(numbers: readonly number[]): Spread | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || least === undefined || most === undefined) return undefined;
  return { median: (low + high) / 2, least, most, rounds: sorted.length };
}

/** A contestant's numbers over all rounds. */
export function valueOf(scenario: ScenarioResult, label: string, metric: Metric): Spread | undefined {
  return spreadOf([...valuesByRound(scenario, label, metric).values()]);
}

/** One's number divided by the other's in the same round, so that an influence of the machine on both does not count. */
export function ratioOf(
  scenario: ScenarioResult,
  metric: Metric,
  against: string,
  label = OURS,
): Spread | undefined {
  const theirs = valuesByRound(scenario, against, metric);
  const ratios = [...valuesByRound(scenario, label, metric)].flatMap(([round, value]) => {
    const other = theirs.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
  return spreadOf(ratios);
}

/** The value for which there is an aim: the ratio, or the number itself. */
export function aimedAt(scenario: ScenarioResult, { metric, against }: Aim): Spread | undefined {
  return against === undefined ? valueOf(scenario, OURS, metric) : ratioOf(scenario, metric, against);
}

export function isReached({ atMost = Infinity, atLeast = -Infinity }: Aim, { median }: Spread): boolean {
  return median <= atMost && median >= atLeast;
}

function valuesByRound(scenario: ScenarioResult, label: string, metric: Metric): Map<number, number> {
  const samples = scenario.contestants.find((each) => each.label === label)?.samples ?? [];
  return new Map(
    samples.flatMap(({ round, values }) => {
      const value = values[metric];
      return value === undefined ? [] : [[round, value] as const];
    }),
  );
}
