// When it is known, without a look at the list, up to where all followers have forgotten who may believe.
import { beforeEach, describe, expect, test } from 'vitest';
import { Positions } from '../../../src/fleet/positions.js';

const LEASE_MS = 1_000;
const ONE = '0000000000000001';
const OTHER = '0000000000000002';

let positions: Positions;
beforeEach(() => {
  positions = new Positions(LEASE_MS);
});

const list = (of: Readonly<Record<string, number>>) => new Map(Object.entries(of));
const tell = (follower: string, seq: number, instance = ONE): void =>
  positions.told({ instance, follower, seq });
const least = (now = 0) => positions.least(ONE, now);

describe('the least number', () => {
  test('is not known before a list was read, nor where that was not there or too long', () => {
    tell('a', 1);
    expect(least()).toBeUndefined();
    positions.read(ONE, undefined);
    expect(least()).toBeUndefined();
    positions.read(ONE, list({ a: 1 }));
    expect(least()).toBe(1);
    positions.read(ONE, undefined);
    expect(least()).toBeUndefined();
  });

  test('is that of the last one, as each tells; there is none where nobody follows', () => {
    positions.read(ONE, list({ a: 4, b: 4, c: 3 }));
    expect(least()).toBe(3);
    tell('c', 5);
    expect(least()).toBe(4);
    tell('a', 5);
    expect(least()).toBe(4);
    tell('b', 6);
    expect(least()).toBe(5);
    positions.read(ONE, list({}));
    expect(least()).toBe(Infinity);
  });

  test('never goes back: not by what was told before, nor by a list that was read before', () => {
    positions.read(ONE, list({ a: 1 }));
    tell('a', 3);
    tell('a', 2);
    positions.read(ONE, list({ a: 2 }));
    expect(least()).toBe(3);
  });

  test('counts nobody who is not on the list', () => {
    positions.read(ONE, list({ a: 2 }));
    tell('b', 1);
    expect(least()).toBe(2);
    positions.read(ONE, list({ a: 2, b: 1 }));
    expect(least()).toBe(1);
    positions.read(ONE, list({ b: 1 }));
    tell('b', 2);
    expect(least()).toBe(2);
  });

  test('is of one instance only', () => {
    positions.read(ONE, list({ a: 1 }));
    tell('a', 9, OTHER);
    expect(least()).toBe(1);
    positions.read(OTHER, list({ a: 0 }));
    expect(least()).toBeUndefined();
    expect(positions.least(OTHER, 0)).toBe(0);
  });
});

describe('while some are taken off the list, and for a lease more', () => {
  beforeEach(() => positions.read(ONE, list({ a: 1, b: 0 })));

  test('nothing is known: they may come back, and believe by a question that was answered before', () => {
    positions.dropping(ONE);
    expect(least()).toBeUndefined();
    positions.read(ONE, list({ a: 1 }));
    expect(least()).toBeUndefined();
    positions.dropped(ONE, 500);
    expect(least(500 + LEASE_MS - 1)).toBeUndefined();
    expect(least(500 + LEASE_MS)).toBe(1);
  });

  test('each time must have come to its end: what was not answered may still be carried out', () => {
    positions.dropping(ONE);
    positions.dropping(ONE);
    positions.dropped(ONE, 500);
    expect(least(1_000_000)).toBeUndefined();
    positions.read(ONE, list({ a: 1 }));
    expect(least(1_000_000)).toBeUndefined();
  });

  test('the list of another instance is not concerned', () => {
    positions.dropping(ONE);
    positions.read(OTHER, list({ a: 7 }));
    positions.dropped(ONE, 500);
    expect(positions.least(OTHER, 0)).toBe(7);
    positions.dropping(OTHER);
    expect(positions.least(OTHER, 1_000_000)).toBeUndefined();
  });
});

describe('who does not tell', () => {
  test('is known when the list shows more than was told, until it tells', () => {
    positions.read(ONE, list({ a: 1 }));
    expect(positions.allTell).toBe(true);
    positions.read(ONE, list({ a: 2 }));
    expect(positions.allTell).toBe(false);
    expect(least()).toBe(2);
    tell('a', 2);
    expect(positions.allTell).toBe(true);
  });

  test('matters no more when it is gone', () => {
    positions.read(ONE, list({ a: 1 }));
    positions.read(ONE, list({ a: 2 }));
    positions.read(ONE, list({}));
    expect(positions.allTell).toBe(true);
  });
});
