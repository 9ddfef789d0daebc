import { beforeEach, describe, expect, test } from 'vitest';
import { knownLines, restoreLine, type Clocks } from '../../../src/daemon/known-lines.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { DELIVERABLE, OVERQUOTA, UNKNOWN } from '../../../src/validation/verdict.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const WALL = 1_795_000_000_000;
const HOUR_MS = 3_600_000;

let time: { now: number; wall: number };
const clocks: Clocks = { now: () => time.now, wallClock: () => time.wall };

beforeEach(() => {
  time = { now: 5_000_000, wall: WALL };
});

function process(maxKnown = 10_000): { cache: VerdictCache; restored: (...lines: string[]) => number } {
  const cache = new VerdictCache({ maxKnown, maxNegative: 10 }, DEFAULT_BELIEF, time.now);
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject',
    alwaysAccepts: () => false,
  } as const;
  const validator = new Validator(cache, () => new HandProbe(), rules, clocks.now);
  const restored = (...lines: string[]): number => {
    const snapshot = validator.beginSnapshot();
    for (const line of lines) restoreLine(line, snapshot, clocks);
    snapshot.abandon();
    return snapshot.size;
  };
  return { cache, restored };
}

const linesOf = (cache: VerdictCache): string[] => [...knownLines(cache, clocks)].flat();

describe('what is known, in lines', () => {
  test('is who was confirmed and when, by the clock that all processes share', () => {
    const { cache } = process();
    cache.remember('alice@example.jp', DELIVERABLE, time.now);
    cache.remember('full@example.jp', OVERQUOTA, time.now);
    cache.remember('nobody@example.jp', UNKNOWN, time.now);
    time.now += HOUR_MS;
    time.wall += HOUR_MS;
    expect(linesOf(cache)).toEqual(['1795000000  alice@example.jp']);
  });

  test('begins with the least recently used, in portions', () => {
    const { cache } = process();
    for (let i = 0; i < 4_001; i++) cache.remember(`u${i}@example.jp`, DELIVERABLE, time.now);
    const portions = [...knownLines(cache, clocks)];
    expect(portions.map(({ length }) => length)).toEqual([2_000, 2_000, 1]);
    const names = portions.flat().map((line) => line.split(' ')[2]);
    expect([names[0], names.at(-1)]).toEqual(['u0@example.jp', 'u4000@example.jp']);
  });
});

test('what is known fills its portions, and none is empty', () => {
  const { cache } = process();
  expect([...knownLines(cache, clocks)]).toEqual([]);
  for (let i = 0; i < 4_000; i++) cache.remember(`u${i}@example.jp`, DELIVERABLE, time.now);
  expect([...knownLines(cache, clocks)].map(({ length }) => length)).toEqual([2_000, 2_000]);
});

describe('a line', () => {
  test('brings back a mailbox with its age', () => {
    const { cache, restored } = process();
    expect(restored('1795000000  alice@example.jp')).toBe(1);
    expect(cache.stale('alice@example.jp', time.now)).toBe(true);
    expect(cache.stale('alice@example.jp', time.now + 24 * HOUR_MS - 2_000)).toBe(true);
    expect(cache.stale('alice@example.jp', time.now + 24 * HOUR_MS)).toBe(false);
  });

  test('of an hour ago is an hour old', () => {
    const { cache, restored } = process();
    restored(`${1_795_000_000 - 3600}  alice@example.jp`);
    expect(cache.stale('alice@example.jp', time.now + 23 * HOUR_MS - 2_000)).toBe(true);
    expect(cache.stale('alice@example.jp', time.now + 23 * HOUR_MS)).toBe(false);
  });

  test('of a clock that was set back is of now, and not of a time to come', () => {
    const { cache, restored } = process();
    restored(`${1_795_000_000 + 9 * 3600}  alice@example.jp`);
    expect(cache.stale('alice@example.jp', time.now + 24 * HOUR_MS)).toBe(false);
  });

  test.each([
    '',
    'alice@example.jp',
    '1795000000 alice@example.jp',
    '-1  alice@example.jp',
    '1795000000  al ice@example.jp',
    '1795000000  m\xfcller@example.jp',
    '1795000000 na/me alice@example.jp',
    '1795000000  alice@example.jp ',
  ])('%j is none', (line) => {
    expect(process().restored(line)).toBe(0);
  });
});
