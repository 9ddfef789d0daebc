import { expect, test } from 'vitest';
import { Backoff } from '../../../../src/cyrus/pool/backoff.js';

function rig(random = 1): { backoff: Backoff; at: (ms: number) => void } {
  let time = 50_000;
  const backoff = new Backoff(
    { backoffMinMs: 1000, backoffMaxMs: 10_000, loginBackoffMs: 300_000 },
    () => time,
    () => random,
  );
  return { backoff, at: (ms) => (time = 50_000 + ms) };
}

test('each pause is twice as long as the one before, up to the longest', () => {
  const { backoff } = rig();
  expect(Array.from({ length: 7 }, () => backoff.failed())).toEqual([
    1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
  ]);
});

test('it stays the longest after any number of failures', () => {
  const { backoff } = rig();
  for (let i = 0; i < 5000; i++) backoff.failed();
  expect(backoff.failed()).toBe(10_000);
});

test('a success makes the next one the shortest again', () => {
  const { backoff } = rig();
  backoff.failed();
  backoff.failed();
  backoff.succeeded();
  expect(backoff.failed()).toBe(1000);
});

test('it is active until the pause is over', () => {
  const { backoff, at } = rig();
  expect(backoff.active).toBe(false);
  backoff.failed();
  at(999);
  expect(backoff.active).toBe(true);
  at(1000);
  expect(backoff.active).toBe(false);
});

test('jitter takes off a quarter at most', () => {
  expect(rig(0).backoff.failed()).toBe(750);
  expect(rig(0.5).backoff.failed()).toBe(875);
  expect(rig(0).backoff.refused()).toBe(225_000);
  expect(rig(0.5).backoff.refused()).toBe(262_500);
});

test('after a refused login it is long at once, and no failure makes it longer', () => {
  const { backoff, at } = rig();
  expect(backoff.refused()).toBe(300_000);
  expect(backoff.refused()).toBe(300_000);
  at(299_999);
  expect(backoff.active).toBe(true);
  at(300_000);
  expect(backoff.active).toBe(false);
  expect(backoff.failed()).toBe(1000);
});
