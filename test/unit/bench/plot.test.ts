import { describe, expect, test } from 'vitest';
import { drawChart, linearAxis, logAxis } from '../../../bench/plot.js';
import { plots } from '../../../bench/plots.js';

describe('drawChart', () => {
  const chart = {
    title: 'a < b & c',
    command: 'npm run bench',
    x: linearAxis('connections', 40),
    y: logAxis('µs', 20, 900),
    series: [
      {
        label: 'cyrusmapd',
        points: [
          [1, 20],
          [40, 300],
        ] as const,
      },
      {
        label: 'smmapd',
        points: [
          [1, 40],
          [40, 301],
        ] as const,
      },
    ],
  };

  test('keeps every point inside of the picture', () => {
    const numbers = [...drawChart(chart).matchAll(/(?:cx|cy|x|y)="([\d.-]+)"/g)].map(([, text]) =>
      Number(text),
    );
    expect(numbers.length).toBeGreaterThan(20);
    for (const number of numbers) expect(number).toBeGreaterThanOrEqual(0);
    for (const number of numbers) expect(number).toBeLessThanOrEqual(720);
  });

  test('escapes text, and names the command that made it', () => {
    expect(drawChart(chart)).toContain('a &lt; b &amp; c');
    expect(drawChart(chart)).toContain('npm run bench</text>');
  });

  test('draws larger values higher, and pushes labels apart', () => {
    const svg = drawChart(chart);
    const places = [...svg.matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, text]) => Number(text));
    expect(places[1]).toBeLessThan(places[0] ?? 0);
    const labels = [...svg.matchAll(/y="([\d.]+)" style="fill/g)].map(([, text]) => Number(text));
    expect((labels[1] ?? 0) - (labels[0] ?? 0)).toBeGreaterThanOrEqual(15);
  });
});

describe('linearAxis', () => {
  test.each([[7], [40], [117_000], [0.3]])('goes up to %d at least, in six steps at most', (most) => {
    const { ticks } = linearAxis('x', most);
    expect(ticks.at(-1)?.[0]).toBeGreaterThanOrEqual(most);
    expect(ticks.length).toBeLessThanOrEqual(7);
  });
});

describe('logAxis', () => {
  test.each([
    [20, 900],
    [1, 1],
    [0.5, 70_000],
  ])('goes from %d at most to %d at least', (least, most) => {
    const values = logAxis('y', least, most).ticks.map(([value]) => value);
    expect(values[0]).toBeLessThanOrEqual(least);
    expect(values.at(-1)).toBeGreaterThanOrEqual(most);
  });
});

describe('plots', () => {
  const sample = {
    round: 0,
    values: { rate: 1000, memory: 40 },
    latency: [
      [20_000, 99],
      [90_000, 1],
    ] as [number, number][],
  };
  const scenario = (name: string, connections: number) => ({
    ...{ name, title: name, connections, aims: [] },
    contestants: [{ label: 'cyrusmapd', samples: [sample] }],
  });
  const results = { command: 'npm run bench', machine: '', settings: '', faults: [] };

  test('are latency, throughput and memory', () => {
    const scenarios = [
      scenario('hit-open-1', 1),
      scenario('hit-1', 1),
      scenario('hit-40', 40),
      scenario('memory-50', 50),
    ];
    const names = plots({ ...results, scenarios }).map(([name]) => name);
    expect(names).toEqual(['latency-1.svg', 'throughput.svg', 'memory.svg']);
  });

  test('are left out where their scenarios were not run', () => {
    expect(plots({ ...results, scenarios: [scenario('start', 1)] })).toEqual([]);
  });
});
