// What is remembered, and for whom, under a proof of currency.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnavailableError } from '../../../src/errors.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import type { Outcome } from '../../../src/validation/outcome.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator, type ValidatorRules } from '../../../src/validation/validator.js';
import { DELIVERABLE, OVERQUOTA, REFUSED, UNKNOWN, type Verdict } from '../../../src/validation/verdict.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { HandProof } from '../../fakes/hand-proof.js';

const ALICE = 'alice@example.jp';
const BOB = 'bob@example.net';
const RULES: ValidatorRules = {
  address: DEFAULT_ADDRESS_RULES,
  deadlineMs: 5000,
  eightBit: 'reject',
  alwaysAccepts: () => false,
};

let probe: HandProbe;
let other: HandProbe;
let proof: HandProof;
let otherProof: HandProof;
let cache: VerdictCache;
let validator: Validator;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  [probe, other, proof, otherProof] = [new HandProbe(), new HandProbe(), new HandProof(), new HandProof()];
  cache = new VerdictCache({ maxKnown: 100, maxNegative: 100 }, DEFAULT_BELIEF, now());
  take();
  validator = new Validator(cache, routeTo('example.net'), RULES, now);
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function now(): number {
  return performance.now();
}

function take(probes: readonly HandProbe[] = [probe, other]): void {
  const vouched = probes.map((each) => ({
    probe: each,
    proof: each === probe ? proof : otherProof,
    belief: DEFAULT_BELIEF,
  }));
  cache.vouchers.take(vouched, now());
}

/** One domain is asked of the other back-channel. */
function routeTo(domain: string | undefined) {
  return (asked: string | undefined) => (asked !== undefined && asked === domain ? other : probe);
}

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

function told({ verdict, source }: Outcome): string {
  return `${verdict.kind} ${source}`;
}

function known(key: string): string | undefined {
  const outcome = validator.known(key);
  return outcome && told(outcome);
}

/** Asks, and has Cyrus say so, some time later. */
async function learn(key: string, verdict: Verdict, of = probe): Promise<string> {
  const asked = validator.ask(key);
  await settle();
  of.answer(key, verdict);
  return told(await asked);
}

describe('a floor', () => {
  test.each([
    [DELIVERABLE, 'deliverable known'],
    [OVERQUOTA, 'overquota known'],
    [UNKNOWN, 'unknown negative'],
    [REFUSED, 'refused negative'],
  ])('outdates what was asked before it: %j', async (verdict, believed) => {
    await learn(ALICE, verdict);
    await settle(1000);
    expect(known(ALICE)).toBe(believed);
    proof.at = now();
    expect(known(ALICE)).toBeUndefined();
    await settle(100);
    await learn(ALICE, verdict);
    expect(known(ALICE)).toBe(believed);
  });

  test('of infinity believes nothing, and lets nobody join', async () => {
    await learn(ALICE, DELIVERABLE);
    proof.at = Infinity;
    expect(known(ALICE)).toBeUndefined();
    const both = [validator.ask(ALICE), validator.ask(ALICE)];
    await settle();
    expect(probe.asked).toEqual([ALICE, ALICE, ALICE]);
    for (const question of probe.questions.slice(1)) question.answer(DELIVERABLE);
    expect((await Promise.all(both)).map(told)).toEqual(Array(2).fill('deliverable probe'));
    expect(validator.flights).toBe(0);
  });

  test('leaves what is outdated for an outage', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(1000);
    proof.at = now();
    const asked = validator.ask(ALICE);
    await settle();
    probe.question(ALICE).fail(new UnavailableError('no connection'));
    expect(told(await asked)).toBe('deliverable stale');
  });

  test('that cannot be looked at believes nothing, and nobody waits for ever', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(1000);
    const floor = vi.spyOn(proof, 'floor').mockImplementationOnce(() => now());
    floor.mockImplementationOnce(() => {
      throw new Error('a mistake of ours');
    });
    expect(told(await validator.ask('alice+x@example.jp'))).toBe('deferred probe');
  });

  test('is of its own back-channel', async () => {
    await learn(ALICE, DELIVERABLE);
    await learn(BOB, DELIVERABLE, other);
    await settle(1000);
    otherProof.at = now();
    expect([known(ALICE), known(BOB)]).toEqual(['deliverable known', undefined]);
  });

  test('is looked at once for a mailbox that is known', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(1000);
    proof.looks = 0;
    validator.known(ALICE);
    expect(proof.looks).toBe(1);
  });
});

describe('a question from before a change', () => {
  test('is joined by nobody who asks after it', async () => {
    const before = validator.ask(ALICE);
    await settle(1000);
    proof.at = now();
    const after = validator.ask(ALICE);
    await settle();
    expect(probe.asked).toEqual([ALICE, ALICE]);
    const [first, second] = probe.questions;
    second?.answer(DELIVERABLE);
    first?.answer(UNKNOWN);
    expect([told(await before), told(await after)]).toEqual(['unknown probe', 'deliverable probe']);
    await settle(1000);
    expect(known(ALICE)).toBe('deliverable known');
  });

  test.each([DELIVERABLE, OVERQUOTA, UNKNOWN, REFUSED])(
    'is answered, and not believed: %j',
    async (verdict) => {
      const before = validator.ask(ALICE);
      await settle(1000);
      proof.at = now();
      probe.answer(ALICE, verdict);
      expect(told(await before)).toBe(`${verdict.kind} probe`);
      expect(known(ALICE)).toBeUndefined();
    },
  );

  test('takes nothing away that an outage may need', async () => {
    await learn(ALICE, DELIVERABLE);
    proof.at = now() + 1;
    await settle(1);
    const before = validator.ask(ALICE);
    await settle(1000);
    proof.at = now();
    probe.answer(ALICE, UNKNOWN);
    await before;
    expect(cache.stale(ALICE, now())).toBe(true);
  });
});

describe('a "no"', () => {
  test('is not remembered where nothing would tell of its end', async () => {
    proof.vouchesForUnknown = false;
    await learn(ALICE, UNKNOWN);
    expect(known(ALICE)).toBeUndefined();
  });

  test('is believed no more once nothing would tell of its end', async () => {
    await learn(ALICE, UNKNOWN);
    expect(known(ALICE)).toBe('unknown negative');
    proof.vouchesForUnknown = false;
    expect(known(ALICE)).toBeUndefined();
  });

  test('is deferred while the mailbox list is missing, remembered or not', async () => {
    await learn(ALICE, UNKNOWN);
    proof.deferUnknown = true;
    expect(known(ALICE)).toBeUndefined();
    expect(await learn('carol@example.jp', UNKNOWN)).toBe('deferred probe');
    const shared = validator.ask('carol+folder@example.jp');
    await settle();
    probe.answer('carol@example.jp', UNKNOWN);
    expect(told(await shared)).toBe('deferred probe');
    expect(await learn(ALICE, DELIVERABLE)).toBe('deliverable probe');
  });
});

describe('existence that changed under a floor that did not', () => {
  test.each([
    [DELIVERABLE, UNKNOWN],
    [OVERQUOTA, UNKNOWN],
    [UNKNOWN, DELIVERABLE],
    [UNKNOWN, OVERQUOTA],
  ])('is told to the proof: %j, then %j', async (before, after) => {
    const begun = now();
    await learn(ALICE, before);
    await settle(DEFAULT_BELIEF.knownMs);
    await learn(ALICE, after);
    expect(proof.contradictions).toHaveLength(1);
    expect(Math.abs((proof.contradictions[0] ?? 0) - begun)).toBeLessThanOrEqual(100);
  });

  test.each([
    [DELIVERABLE, OVERQUOTA],
    [DELIVERABLE, REFUSED],
    [REFUSED, DELIVERABLE],
    [UNKNOWN, UNKNOWN],
  ])('is not %j, then %j', async (before, after) => {
    await learn(ALICE, before);
    await settle(DEFAULT_BELIEF.knownMs);
    await learn(ALICE, after);
    expect(proof.contradictions).toEqual([]);
  });

  test('is no contradiction where the floor moved', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(DEFAULT_BELIEF.knownMs);
    proof.at = now();
    await learn(ALICE, UNKNOWN);
    expect(proof.contradictions).toEqual([]);
  });

  test('is not what a list said, which judges otherwise than Cyrus does', async () => {
    const snapshot = validator.beginSnapshot();
    snapshot.add(ALICE);
    snapshot.finish('imap', () => true);
    await settle(DEFAULT_BELIEF.knownMs);
    await learn(ALICE, UNKNOWN);
    expect(proof.contradictions).toEqual([]);
  });
});

describe('after a reload', () => {
  function reload(domain: string | undefined): void {
    take();
    validator.reconfigure(routeTo(domain), RULES);
  }

  test('a domain that moved to another Cyrus is not answered by the word of the old one', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(1000);
    reload('example.jp');
    expect(known(ALICE)).toBeUndefined();
    const asked = validator.ask(ALICE);
    await settle();
    expect(other.asked).toEqual([ALICE]);
    other.question(ALICE).fail(new UnavailableError('no connection'));
    expect(told(await asked)).toBe('deferred probe');
  });

  test('what stayed with its back-channel stays known', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(1000);
    reload('example.net');
    expect(known(ALICE)).toBe('deliverable known');
  });

  test('a back-channel that was replaced leaves nothing behind, also where its number is used again', async () => {
    await learn(ALICE, DELIVERABLE);
    await settle(1000);
    const next = new HandProbe();
    for (const each of [next, new HandProbe()]) {
      take([each, other]);
      validator.reconfigure((domain) => (domain === 'example.net' ? other : each), RULES);
      expect(known(ALICE)).toBeUndefined();
      expect(cache.stale(ALICE, now())).toBe(false);
    }
  });

  test('an answer of the old back-channel is not joined or remembered', async () => {
    const before = validator.ask(ALICE);
    await settle();
    reload('example.jp');
    probe.answer(ALICE, DELIVERABLE);
    await before;
    expect(known(ALICE)).toBeUndefined();
  });
});

test('a list tells of mailboxes by the word of whoever is asked about them', async () => {
  const snapshot = validator.beginSnapshot();
  for (const name of [ALICE, BOB]) snapshot.add(name);
  snapshot.finish('imap', () => true);
  await settle(1000);
  otherProof.at = now();
  expect(cache.believed(ALICE, now())?.kind).toBe('deliverable');
  expect(cache.believed(BOB, now())).toBeUndefined();
});

test('an event marks over quota by the word of whoever is asked about the mailbox', () => {
  validator.markOverQuota(BOB);
  otherProof.at = now() + 1;
  expect(known(BOB)).toBeUndefined();
  otherProof.at = -Infinity;
  expect(known(BOB)).toBe('overquota known');
});

describe('mailboxes that were known and are unknown, several together', () => {
  const NAMES = ['a', 'b', 'c', 'd'].map((name) => `${name}@example.jp`);

  async function learnAll(): Promise<void> {
    for (const name of NAMES) await learn(name, DELIVERABLE);
    await settle(1000);
    proof.at = now();
  }

  /** All of them are gone, and the first is asked about. */
  async function askFirst(): Promise<string> {
    const [first = ''] = NAMES;
    const asked = validator.ask(first);
    await settle();
    probe.answer(first, UNKNOWN);
    await settle();
    for (const name of NAMES.slice(1)) probe.answer(name, UNKNOWN);
    return told(await asked);
  }

  test('were deleted, where each commit was read since they were confirmed', async () => {
    proof.followedSince = now();
    await learnAll();
    expect(await askFirst()).toBe('unknown probe');
  });

  test.each([
    ['where commits are not read', () => undefined],
    ['where the list was replaced since', () => now()],
  ])('may be lost %s', async (_, since) => {
    await learnAll();
    proof.followedSince = since();
    expect(await askFirst()).toBe('deferred probe');
  });
});
