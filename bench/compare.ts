// Compares a run with bench/baseline.json: ratios between servers, never times, so that another machine can use it. The spread of
// the rounds shows the noise. So something got worse only where every round of this run is worse than every round of the
// baseline, and the median by more than SLACK. Reads and writes that one file.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { SOURCES } from './paths.js';
import {
  SERVER_METRICS,
  METRIC_WORDS,
  OURS,
  ratioOf,
  type Metric,
  type Results,
  type ScenarioResult,
  type Spread,
} from './results.js';

/** A smaller change is not reported. */
const SLACK = 0.05;
/** So many rounds are needed to know the noise. */
const ROUNDS_MIN = 3;

const FILE = join(SOURCES, 'baseline.json');
const SPREAD = v.object({ median: v.number(), least: v.number(), most: v.number(), rounds: v.number() });
/** The ratios, by scenario and then by `METRIC / CONTESTANT`. */
const BASELINE = v.record(v.string(), v.record(v.string(), SPREAD));
export type Baseline = v.InferOutput<typeof BASELINE>;

/** @returns a sentence for each ratio that got worse */
export function compareWithBaseline(results: Results, baseline: Baseline): string[] {
  return results.scenarios.flatMap((scenario) => {
    const then = baseline[scenario.name] ?? {};
    return ratios(scenario).flatMap(({ name, metric, spread }) => {
      const before = then[name];
      if (before === undefined || !isWorse(metric, spread, before)) return [];
      return [`${scenario.name}: ${name} was ${shown(before)}, is ${shown(spread)}`];
    });
  });
}

export function baselineOf(results: Results): Baseline {
  return Object.fromEntries(
    results.scenarios.map((scenario) => [
      scenario.name,
      Object.fromEntries(ratios(scenario).map(({ name, spread }) => [name, rounded(spread)])),
    ]),
  );
}

export async function readBaseline(): Promise<Baseline> {
  return v.parse(BASELINE, JSON.parse(await readFile(FILE, 'utf8')));
}

/** Scenarios that were not run keep their former ratios. */
export async function writeBaseline(results: Results): Promise<void> {
  const merged = { ...(await readBaseline()), ...baselineOf(results) };
  await writeFile(FILE, `${JSON.stringify(merged, undefined, 2)}\n`);
}

function isWorse(metric: Metric, now: Spread, then: Spread): boolean {
  if (METRIC_WORDS[metric].more) return now.most < then.least && now.median < then.median * (1 - SLACK);
  return now.least > then.most && now.median > then.median * (1 + SLACK);
}

function ratios(scenario: ScenarioResult): { name: string; metric: Metric; spread: Spread }[] {
  const others = scenario.contestants.filter(({ label }) => label !== OURS && label !== 'responder');
  return others.flatMap(({ label }) =>
    SERVER_METRICS.flatMap((metric) => {
      const spread = ratioOf(scenario, metric, label);
      if (spread === undefined || spread.rounds < ROUNDS_MIN) return [];
      return [{ name: `${metric} / ${label}`, metric, spread }];
    }),
  );
}

function rounded({ median, least, most, rounds }: Spread): Spread {
  return { median: digits(median), least: digits(least), most: digits(most), rounds };
}

function shown({ median, least, most }: Spread): string {
  return `${digits(median)} (${digits(least)} to ${digits(most)})`;
}

function digits(ratio: number): number {
  return Number(ratio.toPrecision(3));
}
