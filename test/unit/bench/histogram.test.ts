import { describe, expect, test } from 'vitest';
import { Histogram, mergeBuckets, quantile } from '../../../bench/histogram.js';

function bucketsOf(values: readonly number[]) {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.buckets();
}

describe('Histogram', () => {
  test('keeps small values exactly', () => {
    expect(bucketsOf([0, 1, 255, 256, 511, 511])).toEqual([
      [0, 1],
      [1, 1],
      [255, 1],
      [256, 1],
      [511, 2],
    ]);
  });

  test.each([512, 1023, 1024, 37_000, 999_999, 1_234_567_890, 2 ** 39])('keeps %d to 0.4 %%', (ns) => {
    const [[kept] = [0]] = bucketsOf([ns]);
    expect(Math.abs(kept / ns - 1)).toBeLessThan(0.004);
  });

  test('counts what is too long as the longest', () => {
    expect(bucketsOf([2 ** 50])).toEqual(bucketsOf([2 ** 40 - 1]));
  });

  test('has values in ascending order', () => {
    const values = bucketsOf([5000, 17, 300, 70_000]).map(([ns]) => ns);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
  });
});

describe('quantile', () => {
  test('is the value that so many do not exceed', () => {
    const buckets = bucketsOf(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(quantile(buckets, 0.5)).toBe(50);
    expect(quantile(buckets, 0.99)).toBe(99);
    expect(quantile(buckets, 1)).toBe(100);
    expect(quantile(buckets, 0)).toBe(1);
  });

  test('is undefined where nothing was recorded', () => {
    expect(quantile([], 0.5)).toBeUndefined();
  });
});

describe('mergeBuckets', () => {
  test('adds the counts of equal values', () => {
    expect(mergeBuckets([bucketsOf([9, 3]), bucketsOf([3]), []])).toEqual([
      [3, 2],
      [9, 1],
    ]);
  });
});
