import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../src/daemon/histogram.js';
import { Metrics } from '../../../src/daemon/metrics.js';
import { Tally } from '../../../src/daemon/tally.js';

describe('durations', () => {
  test('are counted with all that were at most so long, and the longest ones too', () => {
    const histogram = new Histogram();
    for (const ms of [0.1, 0.2, 1, 1.001, 25_000, 26_000]) histogram.record(ms);
    const { cumulative, sumSeconds, count } = histogram.read();
    // The bounds are 0.0001, 0.00025, 0.0005, 0.001, 0.0025 … 10, 25, and beyond.
    expect(cumulative.slice(0, 5)).toEqual([1, 2, 2, 3, 4]);
    expect(cumulative.slice(-3)).toEqual([4, 5, 6]);
    expect([count, sumSeconds]).toEqual([6, expect.closeTo(51.002301, 9)]);
  });

  test('of nothing are none', () => {
    const { cumulative, sumSeconds, count } = new Histogram().read();
    expect([new Set(cumulative), sumSeconds, count]).toEqual([new Set([0]), 0, 0]);
    expect(cumulative).toHaveLength(18);
  });
});

describe('a tally', () => {
  test('has a count for each verdict by each source, and only for what happened', () => {
    const tally = new Tally();
    for (const source of ['known', 'known', 'directory'] as const) tally.add('deliverable', source);
    tally.add('deferred', 'down');
    tally.add('unknown', 'rule');
    expect([...tally.entries()]).toEqual([
      { verdict: 'deliverable', source: 'known', count: 2 },
      { verdict: 'deliverable', source: 'directory', count: 1 },
      { verdict: 'unknown', source: 'rule', count: 1 },
      { verdict: 'deferred', source: 'down', count: 1 },
    ]);
  });
});

describe('the metrics', () => {
  test('have one tally for each map, and the sum of all of them', () => {
    const metrics = new Metrics();
    const cyrus = metrics.tallyOf('cyrus');
    expect(metrics.tallyOf('cyrus')).toBe(cyrus);
    cyrus.add('deliverable', 'known');
    metrics.tallyOf('other').add('deliverable', 'probe');
    metrics.tallyOf('other').add('refused', 'negative');
    expect([...metrics.tallies.keys()]).toEqual(['cyrus', 'other']);
    expect(metrics.totals).toEqual({
      verdicts: { deliverable: 2, unknown: 0, overquota: 0, refused: 1, deferred: 0 },
      sources: {
        rule: 0,
        known: 1,
        negative: 1,
        directory: 0,
        probe: 1,
        stale: 0,
        deadline: 0,
        routing: 0,
        down: 0,
      },
    });
  });

  test('take the time of a miss in microseconds, and never less than one', () => {
    const metrics = new Metrics();
    metrics.missed(0);
    metrics.missed(2.5);
    // It keeps three figures of each.
    expect([metrics.missMicroseconds.min, metrics.missMicroseconds.max]).toEqual([
      1,
      expect.closeTo(2500, -1),
    ]);
    expect(metrics.missDurations.read().count).toBe(2);
  });
});
