// The text format 0.0.4 of Prometheus, https://prometheus.io/docs/instrumenting/exposition_formats/: the lines of one metric, with
// what it means and its samples. No I/O.

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = { readonly [name: string]: string };
export type Sample = readonly [labels: Labels, value: number];

/** Durations in seconds: `cumulative[i]` of them took no longer than `bounds[i]`. */
type Histogram = {
  readonly bounds: readonly number[];
  readonly cumulative: readonly number[];
  readonly sumSeconds: number;
  readonly count: number;
};

const PREFIX = 'cyrusmapd_';

export function histogram(
  name: string,
  help: string,
  { bounds, cumulative, sumSeconds, count }: Histogram,
): string[] {
  const full = `${PREFIX}${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} histogram`,
    ...bounds.map((bound, i) => `${full}_bucket{le="${bound}"} ${cumulative[i] ?? 0}`),
    `${full}_bucket{le="+Inf"} ${count}`,
    `${full}_sum ${sumSeconds}`,
    `${full}_count ${count}`,
  ];
}

export function gauge(name: string, help: string, samples: readonly Sample[]): string[] {
  return family('gauge', name, help, samples);
}

export function counter(name: string, help: string, samples: readonly Sample[]): string[] {
  return family('counter', name, help, samples);
}

function family(type: string, name: string, help: string, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${PREFIX}${name} ${help}`,
    `# TYPE ${PREFIX}${name} ${type}`,
    ...samples.map(([labels, value]) => `${PREFIX}${name}${formatLabels(labels)} ${value}`),
  ];
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`));
}

export function byLabel(label: string, counts: { readonly [value: string]: number }): Sample[] {
  return Object.entries(counts).map(([value, count]) => [{ [label]: value }, count]);
}
