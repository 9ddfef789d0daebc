import { expect, test } from 'vitest';
import { BOUNDS_SECONDS, Histogram } from '../../../src/daemon/histogram.js';

test('each duration is counted below every bound that it does not exceed, and the longest below none', () => {
  const histogram = new Histogram();
  for (const ms of [0.1, 0.1, 0.2, 25_000, 25_001, 90_000]) histogram.record(ms);
  const { cumulative, sumSeconds, count } = histogram.read();
  expect(cumulative).toHaveLength(BOUNDS_SECONDS.length + 1);
  expect([cumulative[0], cumulative[1], cumulative.at(-2), cumulative.at(-1)]).toEqual([2, 3, 4, 6]);
  expect(sumSeconds).toBeCloseTo(140.0014, 6);
  expect(count).toBe(6);
});
