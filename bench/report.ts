// Writes the results as a page of Markdown: numbers, ratios, aims, and what got worse. No I/O.
import {
  aimedAt,
  isReached,
  METRIC_WORDS,
  METRICS,
  OURS,
  ratioOf,
  SERVER_METRICS,
  valueOf,
  type Aim,
  type Metric,
  type Results,
  type ScenarioResult,
  type Spread,
} from './results.js';

/** @param worse sentences of the comparison with the baseline */
export function reportOf(results: Results, worse: readonly string[]): string {
  const { command, machine, settings, scenarios, faults } = results;
  return [
    `# Side by side: \`${command}\``,
    `${machine}. ${settings}. Medians of the rounds.`,
    '## Numbers',
    numbers(scenarios),
    `## ${OURS} divided by the others, in the same round`,
    ratios(scenarios),
    '## Aims',
    aims(scenarios),
    section('Worse than bench/baseline.json', worse),
    section('Faults', faults),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function numbers(scenarios: readonly ScenarioResult[]): string {
  const used = METRICS.filter((metric) =>
    scenarios.some((scenario) =>
      scenario.contestants.some(({ label }) => valueOf(scenario, label, metric) !== undefined),
    ),
  );
  const rows = scenarios.flatMap((scenario) =>
    scenario.contestants.map(({ label }) => [
      scenario.title,
      label,
      ...used.map((metric) => number(valueOf(scenario, label, metric)?.median)),
    ]),
  );
  return table(['scenario', 'server', ...used.map((metric) => METRIC_WORDS[metric].title)], rows);
}

function ratios(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap((scenario) =>
    scenario.contestants.flatMap(({ label }) => {
      if (label === OURS || label === 'responder') return [];
      const cells = SERVER_METRICS.map((metric) => number(ratioOf(scenario, metric, label)?.median));
      return cells.some((cell) => cell !== '') ? [[scenario.title, label, ...cells]] : [];
    }),
  );
  return table(['scenario', 'divided by', ...SERVER_METRICS.map(ratioTitle)], rows);
}

function aims(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap((scenario) =>
    scenario.aims.map((aim) => {
      const spread = aimedAt(scenario, aim);
      const measured = spread === undefined ? 'not measured' : spreadText(spread);
      return [scenario.title, aimText(aim), measured, spread === undefined ? '' : verdict(aim, spread)];
    }),
  );
  return rows.length === 0 ? '' : table(['scenario', 'aim', 'measured (least to most)', ''], rows);
}

function aimText({ metric, against, atMost, atLeast }: Aim): string {
  const limit = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  const { title } = METRIC_WORDS[metric];
  return against === undefined ? `${title} ${limit}` : `${title} ${limit} × ${against}`;
}

/** Whether an aim was reached; if it was missed, by how much. */
function verdict(aim: Aim, spread: Spread): string {
  if (isReached(aim, spread)) return 'reached';
  const limit = aim.atMost ?? aim.atLeast ?? 1;
  return `missed by ${Math.abs((spread.median / limit - 1) * 100).toFixed(0)} %`;
}

function ratioTitle(metric: Metric): string {
  return METRIC_WORDS[metric].title.replace(/ (?:µs|MB|ms)/, '');
}

export function spreadText({ median, least, most }: Spread): string {
  return `${number(median)} (${number(least)} to ${number(most)})`;
}

function number(value: number | undefined): string {
  if (value === undefined) return '';
  if (value >= 1000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return Number(value.toPrecision(3)).toString();
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

/** A table in Markdown. Its cells are padded, so that it can be read in a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
