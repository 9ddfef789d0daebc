// One question for all who ask about a mailbox at the same time: who joins it, whose word its answer is, and what is remembered.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeadlineError, UnavailableError } from '../../../src/errors.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { Flights } from '../../../src/validation/flights.js';
import type { Outcome } from '../../../src/validation/outcome.js';
import type { Route } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import {
  addEvidence,
  DELIVERABLE,
  deferred,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../../src/validation/verdict.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { HandProof } from '../../fakes/hand-proof.js';

const ALICE = 'alice@example.jp';
const BOB = 'bob@example.jp';
const DEADLINE = 1_000_000;
/** One address for all domains: so two back-channels may be asked about one mailbox. */
const RULES = { ...DEFAULT_ADDRESS_RULES, virtualDomains: false };

let time: number;
let probe: HandProbe;
let other: HandProbe;
let proof: HandProof;
let otherProof: HandProof;
let cache: VerdictCache;
let route: Route;
let flights: Flights;
let alarms: string[];

beforeEach(() => {
  time = 10_000;
  [probe, other] = [new HandProbe('one'), new HandProbe('other')];
  [proof, otherProof] = [new HandProof(), new HandProof()];
  cache = new VerdictCache({ maxKnown: 100, maxNegative: 100 }, DEFAULT_BELIEF, 0);
  take();
  route = (domain) => (domain === 'example.net' ? other : probe);
  alarms = [];
  const alarm = {
    vanished: (name: string, mailboxes: number) => alarms.push(`${name}: ${mailboxes} vanished`),
    back: (name: string) => alarms.push(`${name}: back`),
  };
  flights = new Flights(
    cache,
    (domain) => route(domain),
    () => time,
    alarm,
  );
});

afterEach(() => {
  expect(flights.size, 'flights that never end').toBe(0);
});

/** The back-channels of the configuration. */
function take(first = probe, firstProof = proof): void {
  cache.vouchers.take(
    [
      { probe: first, word: 'one', proof: firstProof, belief: DEFAULT_BELIEF },
      { probe: other, word: 'other', proof: otherProof, belief: DEFAULT_BELIEF },
    ],
    time,
  );
}

function recipient(key: string): Recipient {
  const parsed = parseKey(key, RULES);
  if (parsed.kind !== 'recipient') throw new Error(key);
  return parsed.recipient;
}

function fly(key: string, deadline = DEADLINE): Promise<Outcome> {
  return flights.fly(recipient(key), deadline);
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Asks, and has Cyrus say so at once. */
function learn(key: string, verdict: Verdict): Promise<Outcome> {
  const asked = fly(key);
  probe.answer(key, verdict);
  return asked;
}

function kindsOf(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ verdict }) => verdict.kind);
}

describe('a flight', () => {
  test('is joined by all who ask in the same moment, also for a "no"', async () => {
    proof.vouchesForUnknown = false;
    const both = [fly(ALICE), fly(ALICE)];
    probe.answer(ALICE, UNKNOWN);
    expect(kindsOf(await Promise.all(both))).toEqual(['unknown', 'unknown']);
    expect(probe.asked).toEqual([ALICE]);
  });

  test('is joined later, too, for a "no", where the proof would tell of a change', async () => {
    const first = fly(ALICE);
    time += 1;
    const later = fly(ALICE);
    probe.answer(ALICE, UNKNOWN);
    expect(kindsOf(await Promise.all([first, later]))).toEqual(['unknown', 'unknown']);
    expect(probe.asked).toEqual([ALICE]);
  });

  test('is joined by who asks in the moment of a change, which it has seen', async () => {
    proof.at = time;
    const both = [fly(ALICE), fly(ALICE)];
    probe.answer(ALICE, DELIVERABLE);
    expect(kindsOf(await Promise.all(both))).toEqual(['deliverable', 'deliverable']);
    expect(probe.asked).toEqual([ALICE]);
  });

  test('to one back-channel is not joined by who asks another about the same mailbox', async () => {
    const both = [fly('alice@example.jp'), fly('alice@example.net')];
    expect([probe.asked, other.asked]).toEqual([['alice@example.jp'], ['alice@example.net']]);
    probe.answer('alice@example.jp', DELIVERABLE);
    other.answer('alice@example.net', UNKNOWN);
    expect(kindsOf(await Promise.all(both))).toEqual(['deliverable', 'unknown']);
  });

  test('that was dropped at its deadline is asked anew only for who has a later one', async () => {
    const [first, same, later] = [fly(ALICE, 11_000), fly(ALICE, 11_000), fly(ALICE, 11_001)];
    time = 11_000;
    probe.question(ALICE).fail(new DeadlineError('too late'));
    expect([(await first).source, (await same).source]).toEqual(['deadline', 'deadline']);
    await settle();
    expect(probe.asked).toEqual([ALICE, ALICE]);
    probe.answer(ALICE, DELIVERABLE);
    expect((await later).verdict.kind).toBe('deliverable');
  });

  test.each([
    ['unserved', 'deferred'],
    ['foreign', 'unknown'],
  ] as const)('is none where a domain is %s', async (nobody, kind) => {
    route = () => nobody;
    expect(await fly(ALICE)).toMatchObject({ verdict: { kind }, source: 'routing' });
  });

  test('ends and is deferred where the answer cannot be judged, and the next one asks again', async () => {
    const asked = fly(ALICE);
    vi.spyOn(proof, 'floor').mockImplementationOnce(() => {
      throw new Error('a mistake of ours');
    });
    probe.answer(ALICE, UNKNOWN);
    expect(await asked).toMatchObject({ verdict: { kind: 'deferred', reason: 'a mistake of ours' } });
    expect((await learn(ALICE, DELIVERABLE)).verdict.kind).toBe('deliverable');
  });

  test('that began before a reload is judged by the proof of now: who loses mailboxes denies none', async () => {
    const asked = fly(ALICE);
    const [next, nextProof] = [new HandProbe('one'), Object.assign(new HandProof(), { deferUnknown: true })];
    take(next, nextProof);
    flights.renew();
    probe.answer(ALICE, UNKNOWN);
    expect((await asked).verdict.kind).toBe('deferred');
  });
});

describe('a change that is seen as the question is asked', () => {
  test('outdates neither the answer, nor the one before', async () => {
    proof.at = time;
    await learn(ALICE, UNKNOWN);
    expect(cache.believed(recipient(ALICE).mailbox, time)?.kind).toBe('unknown');
    const before = time;
    time += DEFAULT_BELIEF.negativeMs;
    await learn(ALICE, DELIVERABLE);
    expect(proof.contradictions).toEqual([before]);
  });

  test('leaves a "yes" from before it to be served in an outage', async () => {
    const asked = fly(ALICE);
    time += 1000;
    proof.at = time;
    probe.answer(ALICE, DELIVERABLE);
    await asked;
    const later = fly(ALICE);
    probe.question(ALICE).fail(new UnavailableError('gone'));
    expect((await later).source).toBe('stale');
  });

  test.each([REFUSED, deferred('busy')])(
    'is not told to the proof where nobody knows it: %j',
    async (said) => {
      await learn(ALICE, UNKNOWN);
      time += DEFAULT_BELIEF.negativeMs;
      await learn(ALICE, said);
      expect(proof.contradictions).toEqual([]);
    },
  );
});

describe('a mailbox that was known and is unknown', () => {
  const others = ['carol@example.jp', 'dave@example.jp'];

  /** All of them were confirmed, some time ago. */
  async function learnAll(): Promise<void> {
    for (const key of [ALICE, ...others]) await learn(key, DELIVERABLE);
    time += 1000;
    probe.questions.length = 0;
  }

  test('is unknown where the others that were known are there', async () => {
    await learnAll();
    const asked = learn(ALICE, UNKNOWN);
    await settle();
    expect(probe.asked).toEqual([ALICE, ...others]);
    for (const key of others) probe.answer(key, DELIVERABLE);
    expect(await asked).toEqual({ verdict: UNKNOWN, source: 'probe' });
    expect(alarms).toEqual([]);
  });

  test('is deferred where they are gone as well, with the words of Cyrus and an alarm', async () => {
    await learnAll();
    const asked = learn(ALICE, addEvidence(UNKNOWN, { session: 'a-1' }));
    await settle();
    for (const key of others) probe.answer(key, UNKNOWN);
    expect((await asked).verdict).toMatchObject({ kind: 'deferred', evidence: { session: 'a-1' } });
    expect(alarms).toEqual(['one: 3 vanished']);
  });

  test('is deferred, and nobody alarmed, where the others cannot be asked', async () => {
    await learnAll();
    const asked = learn(ALICE, UNKNOWN);
    await settle();
    for (const key of others) probe.question(key).fail(new UnavailableError('gone'));
    expect((await asked).verdict.kind).toBe('deferred');
    expect(alarms).toEqual([]);
  });

  test('was deleted, where each commit was read since it was confirmed: no other is asked about', async () => {
    proof.followedSince = time;
    await learnAll();
    expect((await learn(ALICE, UNKNOWN)).verdict.kind).toBe('unknown');
    expect(probe.asked).toEqual([ALICE]);
  });

  test('is compared only with those that existed, and only where it is gone itself', async () => {
    await learn(BOB, UNKNOWN);
    await learnAll();
    expect((await learn(ALICE, DELIVERABLE)).verdict.kind).toBe('deliverable');
    expect(probe.asked).toEqual([ALICE]);
    const asked = learn(ALICE, UNKNOWN);
    await settle();
    expect(probe.asked).toEqual([ALICE, ALICE, ...others]);
    for (const key of others) probe.answer(key, DELIVERABLE);
    expect((await asked).verdict.kind).toBe('unknown');
  });

  test('others that are gone are not missed where they were deleted for sure', async () => {
    await learn(ALICE, DELIVERABLE);
    time += 1000;
    proof.followedSince = time;
    for (const key of others) await learn(key, DELIVERABLE);
    const asked = learn(ALICE, UNKNOWN);
    await settle();
    for (const key of others) probe.answer(key, UNKNOWN);
    expect((await asked).verdict.kind).toBe('unknown');
  });

  test.each<[string, (key: string) => void]>([
    ['we know nothing of any more', (key) => cache.forget(recipient(key).mailbox)],
    [
      'another back-channel has by now',
      (key) => cache.remember(recipient(key).mailbox, DELIVERABLE, time, cache.vouchers.of(other)),
    ],
  ])('but those are missed that %s', async (_, change) => {
    await learn(ALICE, DELIVERABLE);
    time += 1000;
    proof.followedSince = time;
    for (const key of others) {
      await learn(key, DELIVERABLE);
      change(key);
    }
    const asked = learn(ALICE, UNKNOWN);
    await settle();
    for (const key of others) probe.answer(key, UNKNOWN);
    expect((await asked).verdict).toMatchObject({
      kind: 'deferred',
      reason: expect.stringContaining('other mailboxes vanished') as string,
    });
  });
});

test('where no back-channel was named, an alarm names the one that was asked', async () => {
  cache = new VerdictCache({ maxKnown: 100, maxNegative: 100 }, DEFAULT_BELIEF, 0);
  const alarm = { vanished: (name: string) => alarms.push(name), back: () => undefined };
  flights = new Flights(
    cache,
    () => probe,
    () => time,
    alarm,
  );
  cache.list(recipient('listed@example.jp').mailbox, time);
  expect((await learn('listed@example.jp', UNKNOWN)).verdict.kind).toBe('unknown');
  for (const key of [ALICE, BOB]) await learn(key, DELIVERABLE);
  const asked = learn(ALICE, UNKNOWN);
  await settle();
  probe.answer(BOB, UNKNOWN);
  await asked;
  expect(alarms).toEqual(['one']);
});
