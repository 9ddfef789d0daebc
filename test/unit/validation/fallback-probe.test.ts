// The second back-channel: asked where the first cannot be, and only there.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnavailableError } from '../../../src/errors.js';
import { FallbackProbe } from '../../../src/validation/fallback-probe.js';
import type { Probe } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import { deferred, DELIVERABLE, unasked, UNKNOWN, type Verdict } from '../../../src/validation/verdict.js';

const ALICE = recipient('alice@example.jp');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(key);
  return parsed.recipient;
}

function probe(name: string, check: Probe['check']): Probe & { asked: number[] } {
  const asked: number[] = [];
  return {
    name,
    acceptsEightBit: false,
    asked,
    check: (who, deadline) => {
      asked.push(deadline);
      return check(who, deadline);
    },
    drain: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const says = (verdict: Verdict) => () => Promise.resolve(verdict);
const fails = (message: string) => () => Promise.reject(new UnavailableError(message));

describe('the second back-channel', () => {
  test.each([DELIVERABLE, UNKNOWN, deferred('System I/O error')])(
    'is not asked where the first says %o',
    async (verdict) => {
      const second = probe('second', says(UNKNOWN));
      const both = new FallbackProbe(probe('first', says(verdict)), second, () => 0);
      expect(await both.check(ALICE, 1000)).toEqual(verdict);
      expect(second.asked).toEqual([]);
    },
  );

  test('is asked, with the whole deadline, where the first cannot be', async () => {
    const second = probe('second', says(UNKNOWN));
    const both = new FallbackProbe(probe('first', fails('down')), second, () => 0);
    expect(await both.check(ALICE, 1000)).toEqual(UNKNOWN);
    expect(second.asked).toEqual([1000]);
  });

  test('is asked where the first must not be', async () => {
    const both = new FallbackProbe(
      probe('first', says(unasked('autocreate'))),
      probe('second', says(DELIVERABLE)),
      () => 0,
    );
    expect(await both.check(ALICE, 1000)).toEqual(DELIVERABLE);
  });

  test('is asked after half the time where the first stays silent', async () => {
    const first = probe('first', () => new Promise(() => undefined));
    const second = probe('second', says(DELIVERABLE));
    const start = Date.now();
    const verdict = new FallbackProbe(first, second, () => Date.now() - start).check(ALICE, 1000);
    expect(first.asked).toEqual([500]);
    await vi.advanceTimersByTimeAsync(499);
    expect(second.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await verdict).toEqual(DELIVERABLE);
  });

  test('is asked after half of the time that is left, whatever the clock says', async () => {
    const first = probe('first', () => new Promise(() => undefined));
    const second = probe('second', says(DELIVERABLE));
    const start = Date.now() - 10_000;
    const verdict = new FallbackProbe(first, second, () => Date.now() - start).check(ALICE, 11_000);
    expect(first.asked).toEqual([10_500]);
    await vi.advanceTimersByTimeAsync(499);
    expect(second.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await verdict).toEqual(DELIVERABLE);
    expect(second.asked).toEqual([11_000]);
  });

  test('tells its own cause where it has one', async () => {
    const lost = new UnavailableError('second is down', { cause: 'its own' });
    const both = new FallbackProbe(
      probe('first', fails('first is down')),
      probe('second', () => Promise.reject(lost)),
      () => 0,
    );
    const error = await both.check(ALICE, 1000).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ message: 'second is down', cause: 'its own' });
  });

  test('where neither can be asked, the error tells of both', async () => {
    const both = new FallbackProbe(
      probe('first', fails('first is down')),
      probe('second', fails('second is down')),
      () => 0,
    );
    const error = await both.check(ALICE, 1000).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ message: 'second is down', cause: { message: 'first is down' } });
  });
});

describe('the two together', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => probe(name, says(UNKNOWN)));
  if (one === undefined || two === undefined || three === undefined) throw new Error('three are made');

  test('are the same two only in the same order', () => {
    const both = new FallbackProbe(one, two, () => 0);
    expect(both.isOf(one, two)).toBe(true);
    expect([both.isOf(two, one), both.isOf(one, three), both.isOf(three, two)]).toEqual(Array(3).fill(false));
  });

  test.each([
    ['acceptsEightBit', [true, true, true, false]],
    ['judgesSize', [true, true, true, false]],
    ['asksEightBit', [true, false, false, false]],
    ['seesFolders', [true, false, false, false]],
  ] as const)('%s: both, the first, the second, none: %j', (can, expected) => {
    const of = (first: boolean, second: boolean): boolean | undefined =>
      new FallbackProbe({ ...one, [can]: first }, { ...two, [can]: second }, () => 0)[can];
    expect([of(true, true), of(true, false), of(false, true), of(false, false)]).toEqual(expected);
  });

  test('have the name of the first, and close neither', async () => {
    const closed: string[] = [];
    const watched = (each: Probe): Probe => ({
      ...each,
      drain: () => Promise.resolve(void closed.push(`drain ${each.name}`)),
      close: () => Promise.resolve(void closed.push(`close ${each.name}`)),
    });
    const both = new FallbackProbe(watched(one), watched(two), () => 0);
    await expect(both.drain()).resolves.toBeUndefined();
    await expect(both.close()).resolves.toBeUndefined();
    expect([both.name, closed]).toEqual(['one', []]);
  });
});
