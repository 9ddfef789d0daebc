import { beforeEach, describe, expect, test } from 'vitest';
import { Snapshot } from '../../../src/validation/snapshot.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { AGE } from '../../../src/validation/age-proof.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../../src/validation/verdict-cache.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const START = 5_000_000;
/** So many mailboxes may change while a list is read. */
const CHANGED_MAX = 100_000;

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

test('a change of one mailbox outdates no list', () => {
  snapshot.changed('a@example.jp');
  expect(snapshot.outdated).toBe(false);
});

test('what finds no room in the store is left out, and counted', () => {
  cache = new VerdictCache({ maxKnown: 1, maxNegative: 1 }, DEFAULT_BELIEF, START);
  snapshot = new Snapshot(cache, START, () => undefined);
  for (const name of ['a@example.jp', 'b@example.jp', 'c@example.jp']) snapshot.add(name);
  expect([snapshot.size, snapshot.skipped]).toEqual([1, 2]);
  expect(known('a@example.jp', 'b@example.jp')).toEqual([true, false]);
});

test('a mailbox about which nobody is asked is not taken from a list, nor restored', () => {
  snapshot = new Snapshot(
    cache,
    START,
    () => undefined,
    () => undefined,
  );
  snapshot.add('a@example.jp');
  snapshot.restore('b@example.jp', START - 1000, '');
  expect([cache.knownSize, snapshot.size, snapshot.skipped]).toEqual([0, 0, 0]);
});

test('what another back-channel confirmed to an earlier process is not restored', () => {
  snapshot.restore('a@example.jp', START - 1000, 'another');
  expect([cache.knownSize, snapshot.size]).toEqual([0, 0]);
});

test('of several servers that share a domain, a mailbox is on the one that listed or confirmed it', () => {
  const [b1, b2] = [new HandProbe('b1'), new HandProbe('b2')];
  const both = Object.assign(new HandProbe('both'), { members: [b1, b2] });
  cache.vouchers.take(
    [b1, b2, both].map((probe) => ({ probe, proof: AGE, belief: DEFAULT_BELIEF })),
    START,
  );
  snapshot = new Snapshot(
    cache,
    START,
    () => undefined,
    () => cache.vouchers.of(both),
  );
  snapshot.add('a@example.jp', ['b2']);
  snapshot.restore('b@example.jp', START, 'b2');
  snapshot.add('c@example.jp', ['none of them']);
  snapshot.restore('d@example.jp', START, 'none of them');
  const holders = ['a', 'b', 'c', 'd'].map((name) => cache.remembered(`${name}@example.jp`)?.by.name);
  expect(holders).toEqual(['b2', 'b2', undefined, undefined]);
  expect([snapshot.size, snapshot.skipped]).toEqual([2, 0]);
});
