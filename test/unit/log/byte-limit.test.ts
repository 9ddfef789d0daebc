import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ByteLimit } from '../../../src/log/byte-limit.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const INFO = `{"level":"info","key":"${'x'.repeat(78)}"}\n`;

describe('the bytes of log in a second', () => {
  test('are limited, and the lines beyond are counted in one at its end', () => {
    const told: number[] = [];
    const limit = new ByteLimit(
      350,
      () => performance.now(),
      (dropped) => told.push(dropped),
    );
    expect([1, 2, 3, 4, 5].map(() => limit.takes(INFO))).toEqual([true, true, true, false, false]);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([2]);
    expect(limit.takes(INFO)).toBe(true);
    vi.advanceTimersByTime(5000);
    expect(told).toEqual([2]);
  });

  test.each(['warn', 'error', 'fatal'])('leave room for %s', (level) => {
    const limit = new ByteLimit(
      10,
      () => performance.now(),
      () => undefined,
    );
    expect(limit.takes(INFO)).toBe(false);
    expect(limit.takes(INFO.replace('info', level))).toBe(true);
  });

  test('take another limit at once', () => {
    const limit = new ByteLimit(
      10,
      () => performance.now(),
      () => undefined,
    );
    limit.maxPerSecond = 1000;
    expect(limit.takes(INFO)).toBe(true);
  });
});
