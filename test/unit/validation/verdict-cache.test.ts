import { describe, expect, test } from 'vitest';
import { DEFAULT_BELIEF, type Belief } from '../../../src/validation/belief.js';
import {
  DEFAULT_CACHE_LIMITS,
  LISTED,
  VerdictCache,
  type CacheLimits,
} from '../../../src/validation/verdict-cache.js';
import {
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../../src/validation/verdict.js';
import type { Voucher } from '../../../src/validation/vouchers.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { HandProof } from '../../fakes/hand-proof.js';

const START = 5_000_000;
const ALICE = 'alice@example.jp';
/** A "no" is believed no longer, whatever is configured. */
const NEGATIVE_TTL_MAX_MS = 300_000;
/** The time of an entry is rounded down to so much. */
const TICK_MS = 100;

/** As where the administrator wants a "no" remembered without proof. */
const BELIEF = { ...DEFAULT_BELIEF, unprovenNegativeMs: DEFAULT_BELIEF.negativeMs };

function newCache(belief: Partial<Belief> = {}, limits: Partial<CacheLimits> = {}): VerdictCache {
  return new VerdictCache({ ...DEFAULT_CACHE_LIMITS, ...limits }, { ...BELIEF, ...belief }, START);
}

function kindAt(cache: VerdictCache, now: number): string | undefined {
  return cache.believed(ALICE, now)?.kind;
}

describe('how long what Cyrus said is believed', () => {
  test.each<[Verdict, number]>([
    [DELIVERABLE, DEFAULT_BELIEF.knownMs],
    [OVERQUOTA, DEFAULT_BELIEF.overQuotaMs],
    [UNKNOWN, DEFAULT_BELIEF.negativeMs],
    [REFUSED, DEFAULT_BELIEF.negativeMs],
  ])('%j for %i ms from the question on, and never a moment longer', (verdict, lifeMs) => {
    const cache = newCache();
    cache.remember(ALICE, verdict, START);
    expect(cache.believed(ALICE, START + lifeMs - 1)).toEqual(verdict);
    expect(cache.believed(ALICE, START + lifeMs)).toBeUndefined();
    expect(cache.believed(ALICE, START + 1000 * lifeMs)).toBeUndefined();
  });

  test('the age is rounded up: never longer, at most a tick shorter', () => {
    const cache = newCache();
    const asked = START + TICK_MS - 1;
    cache.remember(ALICE, UNKNOWN, asked);
    expect(kindAt(cache, asked + DEFAULT_BELIEF.negativeMs - TICK_MS)).toBe('unknown');
    expect(kindAt(cache, asked + DEFAULT_BELIEF.negativeMs - TICK_MS + 1)).toBeUndefined();
  });

  test('a negative entry no longer than its hard maximum, whatever is configured', () => {
    const cache = newCache({ unprovenNegativeMs: 10 * NEGATIVE_TTL_MAX_MS });
    cache.remember(ALICE, UNKNOWN, START);
    expect(kindAt(cache, START + NEGATIVE_TTL_MAX_MS - 1)).toBe('unknown');
    expect(kindAt(cache, START + NEGATIVE_TTL_MAX_MS)).toBeUndefined();
  });

  test('deferred not at all, and it takes nothing away', () => {
    const cache = newCache();
    cache.remember(ALICE, deferred('no answer'), START);
    expect(cache.believed(ALICE, START)).toBeUndefined();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.remember(ALICE, deferred('no answer'), START + 1);
    expect(kindAt(cache, START + 1)).toBe('deliverable');
  });

  test('a shorter life in a new configuration holds for what is there already', () => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.vouchers.at(0).belief = { ...DEFAULT_BELIEF, knownMs: 1000 };
    expect(kindAt(cache, START + 1000)).toBeUndefined();
  });

  test('the same after many years of uptime', () => {
    const cache = newCache();
    for (const years of [1, 2, 3.5, 7, 14, 100]) {
      const asked = START + Math.round(years * 365 * 86_400_000);
      cache.remember(ALICE, OVERQUOTA, asked);
      expect(kindAt(cache, asked + TICK_MS)).toBe('overquota');
      cache.remember(ALICE, UNKNOWN, asked);
      expect(kindAt(cache, asked + TICK_MS)).toBe('unknown');
      expect(kindAt(cache, asked + DEFAULT_BELIEF.negativeMs)).toBeUndefined();
      cache.remember(ALICE, DELIVERABLE, asked);
      expect(kindAt(cache, asked + TICK_MS)).toBe('deliverable');
      expect(cache.confirmed(ALICE)?.at).toBeGreaterThan(asked - TICK_MS - 1);
      expect(kindAt(cache, asked + DEFAULT_BELIEF.knownMs)).toBeUndefined();
    }
  });
});

describe('one thing is known of a mailbox', () => {
  test.each<[Verdict, Verdict]>([
    [DELIVERABLE, UNKNOWN],
    [UNKNOWN, DELIVERABLE],
    [OVERQUOTA, UNKNOWN],
    [UNKNOWN, OVERQUOTA],
    [REFUSED, DELIVERABLE],
    [DELIVERABLE, REFUSED],
    [OVERQUOTA, DELIVERABLE],
    [UNKNOWN, REFUSED],
  ])('after %j and %j the later', (first, second) => {
    const cache = newCache();
    cache.remember(ALICE, first, START);
    cache.remember(ALICE, second, START + 1);
    expect(cache.believed(ALICE, START + 1)).toEqual(second);
    expect(cache.knownSize + cache.negativeSize).toBe(1);
  });
});

describe('what may be served while Cyrus cannot be asked', () => {
  test('a mailbox that was deliverable, up to the limit', () => {
    const cache = newCache({ staleMs: 100_000 });
    cache.remember(ALICE, DELIVERABLE, START);
    expect(cache.stale(ALICE, START + 99_999)).toBe(true);
    expect(cache.stale(ALICE, START + 100_000)).toBe(false);
  });

  test.each<[Verdict]>([[UNKNOWN], [REFUSED], [OVERQUOTA]])('and never one that was %j', (verdict) => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.remember(ALICE, verdict, START);
    expect(cache.stale(ALICE, START)).toBe(false);
  });
});

describe('forgetting', () => {
  test('one mailbox, in whichever store it is', () => {
    for (const verdict of [DELIVERABLE, OVERQUOTA, UNKNOWN, REFUSED]) {
      const cache = newCache();
      cache.remember(ALICE, verdict, START);
      cache.remember('bob@example.jp', verdict, START);
      cache.forget(ALICE);
      expect(cache.believed(ALICE, START)).toBeUndefined();
      expect(cache.stale(ALICE, START)).toBe(false);
      expect(cache.believed('bob@example.jp', START)).toEqual(verdict);
    }
  });

  test('the negative ones, and all', () => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.remember('bob@example.jp', UNKNOWN, START);
    cache.forgetNegative();
    expect([cache.knownSize, cache.negativeSize]).toEqual([1, 0]);
    cache.forgetAll();
    expect([cache.knownSize, cache.negativeSize]).toEqual([0, 0]);
  });
});

describe('limits', () => {
  test('a flood of unknown names cannot push out a known one', () => {
    const cache = newCache({}, { maxKnown: 100, maxNegative: 100 });
    cache.remember(ALICE, DELIVERABLE, START);
    for (let i = 0; i < 10_000; i++) cache.remember(`x${i}@example.jp`, UNKNOWN, START);
    expect(kindAt(cache, START)).toBe('deliverable');
    expect([cache.knownSize, cache.negativeSize]).toEqual([1, 100]);
  });

  test('the known mailbox that was not asked for longest makes room', () => {
    const cache = newCache({}, { maxKnown: 2 });
    cache.remember(ALICE, DELIVERABLE, START);
    cache.remember('bob@example.jp', DELIVERABLE, START);
    cache.believed(ALICE, START);
    cache.remember('carol@example.jp', DELIVERABLE, START);
    expect(kindAt(cache, START)).toBe('deliverable');
    expect(cache.believed('bob@example.jp', START)).toBeUndefined();
    expect(cache.knownSize).toBe(2);
  });

  test('a negative entry that has lived its life still tells that an older list is wrong', () => {
    const cache = newCache();
    cache.remember(ALICE, UNKNOWN, START + 1000);
    cache.believed(ALICE, START + 1000 + DEFAULT_BELIEF.negativeMs);
    cache.list(ALICE, START);
    cache.restore(ALICE, START);
    expect(cache.stale(ALICE, START + 1000)).toBe(false);
  });
});

describe('snapshots', () => {
  test('a listed mailbox is deliverable, and to be asked about all the same', () => {
    const cache = newCache();
    cache.list(ALICE, START);
    expect(cache.believed(ALICE, START)).toBe(LISTED);
    expect(cache.believed(ALICE, START + DEFAULT_BELIEF.knownMs)).toBeUndefined();
    expect(cache.stale(ALICE, START + DEFAULT_BELIEF.knownMs)).toBe(true);
  });

  test('over quota stays so while that is believed', () => {
    const cache = newCache();
    cache.remember(ALICE, OVERQUOTA, START);
    cache.list(ALICE, START + 1000);
    expect(kindAt(cache, START + 1000)).toBe('overquota');
  });

  test('over quota stays so after the list is complete, too, since a list says nothing of it', () => {
    const cache = newCache();
    cache.remember(ALICE, OVERQUOTA, START);
    cache.list(ALICE, START + 1000);
    cache.listComplete('imap', START + 1000, () => true);
    expect(kindAt(cache, START + 2000)).toBe('overquota');
  });

  test('what Cyrus said after the list was asked for is newer, whatever the list says', () => {
    const asked = START;
    for (const verdict of [DELIVERABLE, OVERQUOTA, UNKNOWN, REFUSED]) {
      const cache = newCache({ freshMs: Number.POSITIVE_INFINITY });
      cache.remember(ALICE, verdict, asked + 1000);
      cache.list(ALICE, asked);
      cache.listComplete('imap', asked, () => true);
      expect(cache.believed(ALICE, asked + 1000)).toEqual(verdict);
      expect(cache.knownSize + cache.negativeSize).toBe(1);
    }
  });

  test('what Cyrus denied before the list was asked for is older', () => {
    const cache = newCache();
    cache.remember(ALICE, UNKNOWN, START);
    cache.list(ALICE, START + 1000);
    expect(cache.believed(ALICE, START + 1000)).toBe(LISTED);
    expect(cache.negativeSize).toBe(0);
  });

  test('a list confirms an old confirmation, whose quota is known still where Cyrus tells of changes', () => {
    const told = newCache({ freshMs: Number.POSITIVE_INFINITY });
    const untold = newCache();
    for (const cache of [told, untold]) {
      cache.remember(ALICE, DELIVERABLE, START);
      cache.list(ALICE, START + 10_000);
      cache.listComplete('imap', START + 10_000, () => true);
    }
    expect(told.believed(ALICE, START + 10_000)).toBe(DELIVERABLE);
    expect(untold.believed(ALICE, START + 10_000)).toBe(LISTED);
    expect(kindAt(told, START + DEFAULT_BELIEF.knownMs + 9999)).toBe('deliverable');
    expect(kindAt(told, START + DEFAULT_BELIEF.knownMs + 10_000)).toBeUndefined();
  });

  test('an old confirmation is asked about again in the background', () => {
    const cache = newCache({ knownMs: 900_000, freshMs: 60_000 });
    cache.remember(ALICE, DELIVERABLE, START);
    expect(cache.believed(ALICE, START + 59_999)).toBe(DELIVERABLE);
    expect(cache.believed(ALICE, START + 60_000)).toBe(LISTED);
    expect(cache.believed(ALICE, START + 899_999)).toBe(LISTED);
    expect(cache.believed(ALICE, START + 900_000)).toBeUndefined();
  });

  test('what a complete list covers and does not hold is known no more', () => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.remember('bob@example.net', DELIVERABLE, START);
    cache.listComplete('imap', START + 1000, (mailbox) => mailbox.endsWith('@example.jp'));
    expect(cache.believed(ALICE, START + 1001)).toBeUndefined();
    expect(cache.stale(ALICE, START + 1001)).toBe(false);
    expect(cache.believed('bob@example.net', START + 1001)).toEqual(DELIVERABLE);
  });

  test('what was confirmed after the list was asked for stays known', () => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START + 1000);
    cache.listComplete('imap', START + 1000, () => true);
    expect(kindAt(cache, START + 1001)).toBe('deliverable');
  });
});

describe('a warm start', () => {
  test('what an earlier process knew is served only while Cyrus cannot be asked', () => {
    const cache = newCache();
    cache.restore(ALICE, START - 1000);
    expect(cache.believed(ALICE, START)).toBeUndefined();
    expect(cache.stale(ALICE, START)).toBe(true);
    expect(cache.stale(ALICE, START - 1000 + DEFAULT_BELIEF.staleMs)).toBe(false);
  });

  test('it does not take the place of what this process knows', () => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.restore(ALICE, START - 1000);
    expect(kindAt(cache, START)).toBe('deliverable');
  });

  test('it does not take the place of what Cyrus has denied', () => {
    const cache = newCache();
    cache.remember(ALICE, UNKNOWN, START);
    cache.restore(ALICE, START - 1000);
    expect(kindAt(cache, START)).toBe('unknown');
    expect(cache.stale(ALICE, START)).toBe(false);
  });

  test('a list makes it known again', () => {
    const cache = newCache();
    cache.restore(ALICE, START - 1000);
    cache.list(ALICE, START);
    expect(cache.believed(ALICE, START)).toBe(LISTED);
  });

  test('what is too old to have a time is left out', () => {
    const cache = newCache();
    cache.restore(ALICE, START - 31 * 86_400_000);
    expect(cache.knownSize).toBe(0);
  });
});

describe('a list, and what it finds', () => {
  const CONFIRMED_LATER = START + 1000;

  test('has taken a mailbox, whatever was known of it, unless there is no room', () => {
    const cache = newCache({}, { maxKnown: 5 });
    cache.remember('denied@example.jp', UNKNOWN, START);
    cache.remember('known@example.jp', DELIVERABLE, START);
    cache.remember('full@example.jp', OVERQUOTA, START);
    cache.remember('old@example.jp', DELIVERABLE, START - 60_000);
    for (const name of ['denied', 'known', 'full', 'old', 'new']) {
      expect(cache.list(`${name}@example.jp`, START), name).toBe(true);
    }
    expect(cache.list('full@example.jp', START + 1000)).toBe(true);
    expect(cache.list('another@example.jp', START)).toBe(true);
    expect(cache.list('one-more@example.jp', START)).toBe(false);
    expect(cache.evictions.known).toBe(0);
  });

  test('asked for in the moment of a denial, or of a confirmation, is not newer', () => {
    const cache = newCache();
    cache.remember(ALICE, UNKNOWN, START);
    cache.list(ALICE, START);
    expect(kindAt(cache, START)).toBe('unknown');
    cache.remember(ALICE, DELIVERABLE, START);
    cache.list(ALICE, START);
    expect(cache.believed(ALICE, START)).toBe(DELIVERABLE);
  });

  test('makes known what is over quota once that is not believed any more', () => {
    const cache = newCache();
    cache.remember(ALICE, OVERQUOTA, START);
    cache.list(ALICE, START + DEFAULT_BELIEF.overQuotaMs);
    expect(cache.believed(ALICE, START + DEFAULT_BELIEF.overQuotaMs)).toBe(LISTED);
  });

  test('makes known what an earlier process knew, though that was confirmed since, and its quota is not known', () => {
    const cache = newCache({ freshMs: Number.POSITIVE_INFINITY });
    cache.restore(ALICE, START);
    cache.list(ALICE, START);
    expect(cache.believed(ALICE, START)).toBe(LISTED);
  });

  test('is the word of who gave it, where another one said so before', () => {
    const cache = newCache();
    const [one, other] = vouchersOf(cache, 2);
    cache.remember(ALICE, DELIVERABLE, CONFIRMED_LATER, one);
    cache.list(ALICE, START, other);
    expect(cache.remembered(ALICE)).toMatchObject({ state: 'listed', by: other });
  });

  test('takes nothing away that was confirmed as it was asked for, nor what another list covers', () => {
    const cache = newCache();
    cache.remember(ALICE, DELIVERABLE, START);
    cache.listComplete('one', START, () => true);
    cache.listComplete('other', START + 10_000, () => false);
    expect(kindAt(cache, START)).toBe('deliverable');
    cache.listComplete('other', START + 10_000, () => true);
    expect(kindAt(cache, START)).toBeUndefined();
  });
});

describe('what is remembered, to explain it', () => {
  test.each<[string, (cache: VerdictCache) => void]>([
    ['confirmed', (cache) => cache.remember(ALICE, DELIVERABLE, START)],
    ['over quota', (cache) => cache.remember(ALICE, OVERQUOTA, START)],
    ['listed', (cache) => cache.list(ALICE, START)],
    ['restored', (cache) => cache.restore(ALICE, START)],
    ['unknown', (cache) => cache.remember(ALICE, UNKNOWN, START)],
    ['refused', (cache) => cache.remember(ALICE, REFUSED, START)],
  ])('%s, since when, and by whose word', (state, learn) => {
    const cache = newCache();
    expect(cache.remembered(ALICE)).toBeUndefined();
    learn(cache);
    expect(cache.remembered(ALICE)).toEqual({ state, at: START, by: cache.vouchers.at(0) });
  });

  test('the names, of both stores and of the known one', () => {
    const cache = newCache();
    expect(cache.mailboxes()).toEqual([]);
    cache.remember(ALICE, DELIVERABLE, START);
    cache.remember('bob@example.jp', UNKNOWN, START);
    expect(cache.mailboxes()).toEqual([ALICE, 'bob@example.jp']);
    expect(cache.knownMailboxes()).toEqual([ALICE]);
  });

  test('how long ago it was denied', () => {
    const cache = newCache();
    cache.remember(ALICE, UNKNOWN, START);
    expect(cache.deniedMs(ALICE, START + 3000)).toBe(3000);
    expect(cache.deniedMs('bob@example.jp', START)).toBeUndefined();
  });

  test('how many were pushed out', () => {
    const cache = newCache({}, { maxKnown: 1, maxNegative: 1 });
    for (const name of ['a', 'b', 'c']) cache.remember(name, DELIVERABLE, START);
    for (const name of ['d', 'e']) cache.remember(name, REFUSED, START);
    expect(cache.evictions).toEqual({ known: 2, negative: 1 });
  });

  test('when a mailbox was last confirmed, unless it is over quota, or not in a later list', () => {
    const cache = newCache();
    expect(cache.confirmed(ALICE)).toBeUndefined();
    cache.remember(ALICE, OVERQUOTA, START);
    expect(cache.confirmed(ALICE)).toBeUndefined();
    cache.remember(ALICE, DELIVERABLE, START);
    expect(cache.confirmed(ALICE)).toEqual({ at: START, voucher: cache.vouchers.at(0) });
    cache.listComplete('imap', START + 1000, () => true);
    expect(cache.confirmed(ALICE)).toBeUndefined();
  });
});

describe('whose word it is', () => {
  test('there are numbers for twice as many back-channels as are configured, and for seven at least', () => {
    const few = new VerdictCache(DEFAULT_CACHE_LIMITS, BELIEF, START);
    expect(vouchersOf(few, 7).map(({ number }) => number)).not.toContain(-1);
    const four = new VerdictCache(DEFAULT_CACHE_LIMITS, BELIEF, START, 4);
    expect(vouchersOf(four, 8).map(({ number }) => number)).not.toContain(-1);
  });

  test('nothing is remembered of one that has no number', () => {
    const cache = newCache();
    const voucher = vouchersOf(cache, 20).at(-1);
    cache.remember(ALICE, DELIVERABLE, START, voucher);
    cache.remember('bob@example.jp', UNKNOWN, START, voucher);
    expect([cache.knownSize, cache.negativeSize]).toEqual([0, 0]);
  });

  test('what one said that the configuration does not name any more is nothing', () => {
    const cache = newCache();
    const [one] = vouchersOf(cache, 1);
    cache.remember(ALICE, DELIVERABLE, START, one);
    cache.vouchers.take([], START + 1000);
    expect(cache.believed(ALICE, START + 1000)).toBeUndefined();
    expect(cache.stale(ALICE, START + 1000)).toBe(false);
  });

  test('what one says in the moment in which it gets its number is its own word', () => {
    const cache = newCache();
    vouchersOf(cache, 1);
    const [next] = vouchersOf(cache, 1);
    cache.remember(ALICE, DELIVERABLE, START, next);
    expect(cache.believed(ALICE, START, next)).toBe(DELIVERABLE);
    expect(cache.believed(ALICE, START)).toBe(DELIVERABLE);
    expect(cache.stale(ALICE, START, next)).toBe(true);
  });

  test('what was asked in the moment of a change is believed, and nothing that the look at the proof forgets', () => {
    const cache = newCache();
    const [voucher] = vouchersOf(cache, 1);
    if (voucher === undefined) throw new Error('one was named');
    cache.remember(ALICE, DELIVERABLE, START, voucher);
    const proof = Object.assign(new HandProof(), { at: START });
    voucher.proof = proof;
    expect(cache.believed(ALICE, START, voucher)).toBe(DELIVERABLE);
    proof.floor = () => (cache.forget(ALICE), START);
    expect(cache.believed(ALICE, START, voucher)).toBeUndefined();
  });

  test('the opposite is what the same one said before: not another one, and not where nobody did', () => {
    const cache = newCache();
    const [one, other] = vouchersOf(cache, 2);
    if (one === undefined || other === undefined) throw new Error('two were named');
    expect(cache.opposite(ALICE, UNKNOWN, one)).toBeUndefined();
    cache.remember(ALICE, DELIVERABLE, START, one);
    expect(cache.opposite(ALICE, UNKNOWN, one)).toEqual({ at: START, by: one });
    expect(cache.opposite(ALICE, UNKNOWN, other)).toBeUndefined();
    expect(cache.opposite(ALICE, DELIVERABLE, one)).toBeUndefined();
  });

  test.each([deferred('busy'), REFUSED])('%j is the opposite of nothing', (said) => {
    const cache = newCache();
    for (const each of [said, UNKNOWN, DELIVERABLE]) {
      expect(cache.opposite(ALICE, each, cache.vouchers.at(0)), 'nothing is known').toBeUndefined();
    }
    cache.remember(ALICE, UNKNOWN, START);
    expect(cache.opposite(ALICE, said, cache.vouchers.at(0))).toBeUndefined();
    cache.remember(ALICE, DELIVERABLE, START);
    expect(cache.opposite(ALICE, said, cache.vouchers.at(0))).toBeUndefined();
  });
});

/** Names so many new back-channels, and no others. */
function vouchersOf(cache: VerdictCache, count: number): Voucher[] {
  const probes = Array.from({ length: count }, (_, i) => new HandProbe(`b${i}`));
  cache.vouchers.take(
    probes.map((probe) => ({ probe, proof: new HandProof(), belief: BELIEF })),
    START,
  );
  return probes.map((probe) => cache.vouchers.of(probe));
}
