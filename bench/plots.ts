// The three plots of docs/evidence.md, from the results of a run. No I/O.
import { mergeBuckets, quantile } from './histogram.js';
import { drawChart, linearAxis, logAxis, type Axis, type Series } from './plot.js';
import { valueOf, type Metric, type Results, type ScenarioResult } from './results.js';

/** The percentiles for which a run of some ten thousand lookups is enough. */
const PERCENTILES: Axis = {
  title: 'of the lookups are answered by then',
  place: (fraction) => -Math.log10(1 - fraction),
  ticks: [
    [0, '0 %'],
    [0.5, '50 %'],
    [0.9, '90 %'],
    [0.99, '99 %'],
    [0.999, '99.9 %'],
  ],
};
const STEPS = 120;

/** @returns file name and content; a plot whose scenarios were not run is left out */
export function plots(results: Results): [name: string, svg: string][] {
  return [...latencyPlots(results), ...throughputPlot(results), ...memoryPlot(results)];
}

function latencyPlots({ command, scenarios }: Results): [string, string][] {
  return scenarios
    .filter(({ name }) => name.startsWith('hit-open-'))
    .flatMap((scenario) => {
      const series = withPoints(scenario.contestants.map(({ label }) => percentiles(scenario, label)));
      if (series.length === 0) return [];
      const y = logAxis('µs from the scheduled time', ...range(series));
      const title = `Latency: ${scenario.title}`;
      return [
        [`latency-${scenario.connections}.svg`, drawChart({ title, command, x: PERCENTILES, y, series })],
      ];
    });
}

function percentiles({ contestants }: ScenarioResult, label: string): Series {
  const samples = contestants.find((each) => each.label === label)?.samples ?? [];
  const merged = mergeBuckets(samples.map(({ latency }) => latency));
  const points = Array.from({ length: STEPS + 1 }, (_, i) => 1 - 10 ** ((-3 * i) / STEPS)).flatMap(
    (fraction) => {
      const ns = quantile(merged, fraction);
      return ns === undefined ? [] : [[fraction, ns / 1000] as const];
    },
  );
  return { label, points };
}

function throughputPlot({ command, scenarios }: Results): [string, string][] {
  const series = overConnections(scenarios, /^hit-\d+$/, 'rate');
  if (series.length === 0) return [];
  const x = connectionsAxis(series);
  const y = linearAxis('lookups a second', range(series)[1]);
  const title = 'Throughput: hits, as many as can be';
  return [['throughput.svg', drawChart({ title, command, x, y, series })]];
}

function memoryPlot({ command, scenarios }: Results): [string, string][] {
  const series = overConnections(scenarios, /^memory-\d+$/, 'memory');
  if (series.length === 0) return [];
  const y = logAxis('MB (PSS of all processes that serve)', ...range(series));
  const title = 'Memory with so many connections open';
  return [['memory.svg', drawChart({ title, command, x: connectionsAxis(series), y, series })]];
}

/** One point for each scenario of a family whose members differ only in the number of connections. */
function overConnections(scenarios: readonly ScenarioResult[], family: RegExp, metric: Metric): Series[] {
  const members = scenarios
    .filter(({ name }) => family.test(name))
    .toSorted((a, b) => a.connections - b.connections);
  const labels = new Set(members.flatMap(({ contestants }) => contestants.map(({ label }) => label)));
  return withPoints(
    [...labels].map((label) => ({
      label,
      points: members.flatMap((scenario) => {
        const value = valueOf(scenario, label, metric)?.median;
        return value === undefined ? [] : [[scenario.connections, value] as const];
      }),
    })),
  );
}

function connectionsAxis(series: readonly Series[]): Axis {
  const counts = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  return { title: 'connections', place: Math.log, ticks: counts.map((count) => [count, String(count)]) };
}

function withPoints(series: readonly Series[]): Series[] {
  return series.filter(({ points }) => points.length > 0);
}

function range(series: readonly Series[]): [least: number, most: number] {
  const values = series.flatMap(({ points }) => points.map(([, y]) => y));
  return [Math.min(...values), Math.max(...values)];
}
