// Writes the part of docs/evidence.md about speed: ratios and figures of a run, with their spread, and the plots. No I/O.
import { spreadText, table } from './report.js';
import { OURS, ratioOf, valueOf, type Metric, type Results, type ScenarioResult } from './results.js';

/** The page, and the folder of its plots. */
export const EVIDENCE = 'docs/evidence.md';
export const PLOTS = 'bench/plots';

type Row = { readonly scenario: string; readonly metric: Metric };

/** The ratios to smmapd and to the floor that the page shows. */
const COMPARED: readonly Row[] = [
  { scenario: 'hit-open-1', metric: 'median' },
  { scenario: 'hit-open-1', metric: 'p99' },
  { scenario: 'hit-40', metric: 'rate' },
  { scenario: 'hit-40', metric: 'cpu' },
  { scenario: 'sessions', metric: 'sessions' },
  { scenario: 'mixed', metric: 'rate' },
  { scenario: 'miss-unknown-8', metric: 'rate' },
  { scenario: 'miss-unknown-40', metric: 'rate' },
  { scenario: 'miss-unknown-400', metric: 'rate' },
  { scenario: 'miss-existing', metric: 'rate' },
  { scenario: 'directory-unknown-8', metric: 'rate' },
  { scenario: 'directory-unknown-40', metric: 'rate' },
  { scenario: 'directory-existing', metric: 'rate' },
  { scenario: 'memory-50', metric: 'memory' },
];

/** The ratios to other contestants. */
const RATIOS: readonly (Row & { readonly against: string })[] = [
  { scenario: 'start', metric: 'took', against: 'node -e 0' },
  { scenario: 'clock', metric: 'median', against: 'without the clock' },
  { scenario: 'changes', metric: 'p99', against: 'no changes' },
  { scenario: 'slow-cyrus', metric: 'p99', against: 'undisturbed' },
  { scenario: 'million-known', metric: 'median', against: 'ten known' },
  { scenario: 'million-listed', metric: 'p99', against: 'ten listed' },
  { scenario: 'decoder', metric: 'rate', against: 'netstring-stream' },
];

/** Where the floor itself is shown beside smmapd, since no server in Node can be faster. */
const BOUNDS: readonly Row[] = [
  { scenario: 'directory-unknown-8', metric: 'rate' },
  { scenario: 'directory-unknown-40', metric: 'rate' },
  { scenario: 'directory-existing', metric: 'rate' },
];

/** Figures that are shown by themselves, without a ratio. */
const FIGURES: readonly Row[] = [
  { scenario: 'idle', metric: 'memory' },
  { scenario: 'memory-10000', metric: 'memory' },
  { scenario: 'million-listed', metric: 'took' },
  { scenario: 'million-listed', metric: 'memory' },
  { scenario: 'fair-hung', metric: 'served' },
  { scenario: 'fair-cold', metric: 'took' },
  { scenario: 'fair-attack', metric: 'served' },
];

const WORDS: { readonly [metric in Metric]: string } = {
  rate: 'lookups a second',
  sessions: 'sessions a second',
  median: 'median latency',
  p99: 'p99 latency',
  cpu: 'CPU time of a lookup',
  memory: 'memory',
  took: 'time',
  served: 'recipients served at the first try',
  late: 'lateness of the generator',
};
const UNITS: { readonly [metric in Metric]?: string } = { memory: ' MB', took: ' ms', served: ' %' };

/** @param plots names of the files in PLOTS */
export function evidenceFigures(results: Results, plots: readonly string[]): string {
  const { command, machine, settings, scenarios } = results;
  const found = (name: string) => scenarios.filter((scenario) => scenario.name === name);
  const compared = COMPARED.flatMap(({ scenario, metric }) =>
    found(scenario).map((each) => [
      `${each.title}: ${WORDS[metric]}`,
      ratio(each, metric, 'smmapd'),
      ratio(each, metric, 'floor'),
    ]),
  );
  const ratios = RATIOS.flatMap(({ scenario, metric, against }) =>
    found(scenario).map((each) => [
      `${each.title}: ${WORDS[metric]}`,
      `${ratio(each, metric, against)} × ${against}`,
    ]),
  );
  const bounds = BOUNDS.flatMap(({ scenario, metric }) =>
    found(scenario).map((each) => [
      `the floor itself, ${each.title}: ${WORDS[metric]}`,
      `${spread(ratioOf(each, metric, 'smmapd', 'floor'))} × smmapd`,
    ]),
  );
  const figures = FIGURES.flatMap(({ scenario, metric }) =>
    found(scenario).map((each) => [
      `${each.title}: ${WORDS[metric]}`,
      `${spread(valueOf(each, OURS, metric))}${UNITS[metric] ?? ''}`,
    ]),
  );
  return [
    `\`${command}\` on ${machine}; ${settings}. Ours divided by the other’s of the same round: the median of the rounds, and`,
    'the least to the most.',
    '',
    table(['scenario', '÷ smmapd', '÷ floor'], compared),
    '',
    table(['scenario', 'measured'], [...ratios, ...bounds, ...figures]),
    ...plots.flatMap((name) => ['', `![${titleOf(name)}](../${PLOTS}/${name})`]),
    '',
  ].join('\n');
}

function ratio(scenario: ScenarioResult, metric: Metric, against: string): string {
  return spread(ratioOf(scenario, metric, against));
}

function spread(value: ReturnType<typeof valueOf>): string {
  return value === undefined ? '' : spreadText(value);
}

function titleOf(plot: string): string {
  return plot
    .replace(/\.svg$/, '')
    .replaceAll('-', ', connections: ')
    .replace(/^./, (letter) => letter.toUpperCase());
}

/**
 * Replaces the text between the marks of a part, `<!-- NAME -->` and `<!-- /NAME -->`.
 * @throws Error where the page does not have each mark once, in this order
 */
export function intoPart(page: string, name: string, markdown: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, ...rest] = page.split(begin);
  const [, after, ...more] = rest.join(begin).split(end);
  if (before === undefined || after === undefined || rest.length !== 1 || more.length > 0) {
    throw new Error(`${EVIDENCE} must have ${begin} and ${end}, once each`);
  }
  return `${before}${begin}\n\n${markdown}\n${end}${after}`;
}
