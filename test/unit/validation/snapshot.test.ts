import { beforeEach, describe, expect, test } from 'vitest';
import { CHANGED_MAX, Snapshot } from '../../../src/validation/snapshot.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../../src/validation/verdict-cache.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';

const START = 5_000_000;

let cache: VerdictCache;
let snapshot: Snapshot;
let ended: number;

beforeEach(() => {
  cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, START);
  ended = 0;
  snapshot = new Snapshot(cache, START, () => (ended += 1));
});

function known(...names: string[]): boolean[] {
  return names.map((name) => cache.believed(name, START) !== undefined);
}

describe('a list that is read to its end', () => {
  test('makes known what it holds, at once, and no more what it does not hold', () => {
    cache.remember('old@example.jp', DELIVERABLE, START - 1000);
    snapshot.add('a@example.jp');
    expect(known('a@example.jp', 'old@example.jp')).toEqual([true, true]);
    snapshot.finish('imap', () => true);
    expect(known('a@example.jp', 'old@example.jp')).toEqual([true, false]);
    expect([snapshot.size, snapshot.outdated, ended]).toEqual([1, false, 1]);
  });

  test('says nothing of what it does not cover', () => {
    cache.remember('old@example.net', DELIVERABLE, START - 1000);
    snapshot.finish('imap', (mailbox) => mailbox.endsWith('@example.jp'));
    expect(known('old@example.net')).toEqual([true]);
  });

  test('says nothing of what changed meanwhile, before or after it was listed', () => {
    snapshot.changed('a@example.jp');
    snapshot.add('a@example.jp');
    snapshot.add('b@example.jp');
    snapshot.changed('b@example.jp');
    cache.forget('b@example.jp');
    snapshot.finish('imap', () => true);
    expect(known('a@example.jp', 'b@example.jp')).toEqual([false, false]);
    cache.remember('a@example.jp', DELIVERABLE, START + 1);
    expect(known('a@example.jp')).toEqual([true]);
  });
});

describe('a list that is not', () => {
  test('forgets nobody', () => {
    cache.remember('old@example.jp', DELIVERABLE, START - 1000);
    snapshot.add('a@example.jp');
    snapshot.abandon();
    expect(known('a@example.jp', 'old@example.jp')).toEqual([true, true]);
    expect(ended).toBe(1);
  });

  test.each([
    ['anything may have changed', () => snapshot.outdate()],
    [
      'more changed than is remembered',
      () => {
        for (let i = 0; i <= CHANGED_MAX; i++) snapshot.changed(`u${i}@example.jp`);
      },
    ],
  ])('since %s: nothing more is taken from it', (_, outdate) => {
    cache.remember('old@example.jp', DELIVERABLE, START - 1000);
    outdate();
    snapshot.add('a@example.jp');
    snapshot.restore('b@example.jp', START - 1000, '');
    snapshot.finish('imap', () => true);
    expect(known('a@example.jp', 'old@example.jp')).toEqual([false, true]);
    expect(cache.stale('b@example.jp', START)).toBe(false);
    expect([snapshot.size, snapshot.outdated, ended]).toEqual([0, true, 1]);
  });
});

test('what an earlier process knew is restored unless it changed meanwhile', () => {
  snapshot.changed('a@example.jp');
  snapshot.restore('a@example.jp', START - 1000, '');
  snapshot.restore('b@example.jp', START - 1000, '');
  expect(['a@example.jp', 'b@example.jp'].map((name) => cache.stale(name, START))).toEqual([false, true]);
  expect(snapshot.size).toBe(1);
});
