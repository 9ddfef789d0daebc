import { expect, test } from 'vitest';
import { Lease } from '../../../src/fleet/lease.js';

const MS = 1_000;
/** The two clocks of a machine on which nothing happens to them. */
const at = (now: number) => ({ now, wall: 1e12 + now });
const holds = (lease: Lease, now: number) => lease.holds(now, 1e12 + now);

test('holds from the answer on, counted from when the question was sent', () => {
  const lease = new Lease();
  lease.ask(5, 4, at(100));
  expect(holds(lease, 150)).toBe(false);
  lease.answer(5, MS);
  expect(holds(lease, 1_099)).toBe(true);
  expect(holds(lease, 1_100)).toBe(false);
});

test('is that of the newest question that was read, and no older answer takes it back', () => {
  const lease = new Lease();
  lease.ask(5, 4, at(100));
  lease.ask(6, 4, at(300));
  lease.ask(9, 4, at(500));
  lease.answer(8, MS);
  expect(holds(lease, 1_299)).toBe(true);
  expect(holds(lease, 1_300)).toBe(false);
  lease.answer(5, MS);
  expect(holds(lease, 1_299)).toBe(true);
});

test('cannot come from an answer that was there before the question: numbers have begun anew', () => {
  const lease = new Lease();
  lease.ask(3, 1_000, at(100));
  lease.answer(1_000, MS);
  expect(holds(lease, 100)).toBe(false);
});

test('is over when the clock is set forward, or the machine has slept, and not when it is set back', () => {
  const lease = new Lease();
  lease.ask(5, 4, at(100));
  lease.answer(5, MS);
  expect(lease.holds(200, 1e12 + 3_600_000)).toBe(false);
  expect(lease.jumped(200)).toBe(true);
  expect(lease.holds(200, 1e12 - 3_600_000)).toBe(true);
  expect(lease.holds(1_100, 1e12 - 3_600_000)).toBe(false);
  expect(lease.jumped(1_100)).toBe(false);
});

test('ends with its publisher, and so do the questions that were put to it', () => {
  const lease = new Lease();
  lease.ask(5, 4, at(100));
  lease.answer(5, MS);
  lease.ask(6, 5, at(200));
  lease.end();
  expect(holds(lease, 200)).toBe(false);
  lease.answer(6, MS);
  expect(holds(lease, 200)).toBe(false);
});

test('keeps so many questions only as could still give a lease', () => {
  const lease = new Lease();
  for (let i = 1; i <= 1_000; i++) lease.ask(i, 0, at(i));
  lease.answer(1, MS);
  expect(holds(lease, 1_000)).toBe(false);
  lease.answer(1_000, MS);
  expect(holds(lease, 1_999)).toBe(true);
});
