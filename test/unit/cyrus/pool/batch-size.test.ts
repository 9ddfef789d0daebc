import { describe, expect, test } from 'vitest';
import { BatchSize } from '../../../../src/cyrus/pool/batch-size.js';

const BATCH_MS = 500;
const FIRST_BATCH = 8;
const STALL_MAX_MS = 1_500;
const STALL_MIN_MS = 300;

describe('the size of a batch', () => {
  test('doubles up to the limit while Cyrus is fast', () => {
    const batches = new BatchSize(128);
    const sizes = Array.from({ length: 6 }, () => {
      const { size } = batches;
      batches.answered(size, 0.2 * size);
      return size;
    });
    expect(sizes).toEqual([FIRST_BATCH, 16, 32, 64, 128, 128]);
  });

  test.each([
    [100, BATCH_MS / 100],
    [50, BATCH_MS / 50],
    [2_000, 1],
  ])('is what Cyrus answers in half a second, at %d ms each %d', (eachMs, size) => {
    const batches = new BatchSize(128);
    for (let i = 0; i < 5; i++) batches.answered(batches.size, eachMs * batches.size);
    expect([batches.size, batches.usualMs]).toEqual([size, eachMs]);
  });

  test('shrinks at once where Cyrus becomes slow, and where a batch gets stuck', () => {
    const batches = new BatchSize(128);
    for (let i = 0; i < 5; i++) batches.answered(batches.size, 0);
    batches.answered(128, 12_800);
    expect(batches.size).toBe(5);
    batches.stuck();
    expect(batches.size).toBe(2);
    for (let i = 0; i < 5; i++) batches.stuck();
    expect(batches.size).toBe(1);
  });

  test('counts one slow batch half: it may have been chance', () => {
    const batches = new BatchSize(128);
    batches.answered(8, 8);
    batches.answered(8, 24);
    expect(batches.usualMs).toBe(2);
    batches.answered(8, 32);
    expect(batches.usualMs).toBe(3);
  });

  test('is never over the configured limit', () => {
    expect(new BatchSize(3).size).toBe(3);
  });
});

describe('silence', () => {
  test('is judged late while nothing is known, soon where Cyrus is fast, and not later however slow it is', () => {
    const batches = new BatchSize(128);
    expect(batches.stallMs(8)).toBe(STALL_MAX_MS);
    batches.answered(8, 1);
    expect(batches.stallMs(128)).toBe(STALL_MIN_MS);
    for (let i = 0; i < 20; i++) batches.answered(1, 20);
    expect(batches.stallMs(8)).toBeCloseTo(4 * 20 * 10, 0);
    for (let i = 0; i < 20; i++) batches.answered(1, 5_000);
    expect(batches.stallMs(1)).toBe(STALL_MAX_MS);
  });
});
