// Servers that share a domain, as the validator asks them: who is asked, when, and whose word is remembered.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DownError, UnavailableError } from '../../../src/errors.js';
import { AnyOfProbe } from '../../../src/validation/any-of-probe.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { proofOfAll } from '../../../src/validation/joined-proof.js';
import type { Probe } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { addEvidence, deferred, DELIVERABLE, OVERQUOTA, UNKNOWN } from '../../../src/validation/verdict.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { HandProof } from '../../fakes/hand-proof.js';

const ALICE = 'alice@example.jp';
const BOB = 'bob@example.jp';
const RULES = {
  address: DEFAULT_ADDRESS_RULES,
  deadlineMs: 5000,
  eightBit: 'reject',
  alwaysAccepts: () => false,
} as const;

/** A mailbox that a server had, and that is on none now, is not unknown before so long. */
const GONE_AFTER_MS = 30_000;

let b1: HandProbe;
let b2: HandProbe;
let proof1: HandProof;
let proof2: HandProof;
let cache: VerdictCache;
let validator: Validator;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  [b1, b2, proof1, proof2] = [new HandProbe('b1'), new HandProbe('b2'), new HandProof(), new HandProof()];
  const both = new AnyOfProbe([b1, b2], now);
  cache = new VerdictCache({ maxKnown: 100, maxNegative: 100 }, DEFAULT_BELIEF, now(), 3);
  cache.vouchers.take(
    [
      { probe: b1, word: 'b1', proof: proof1, belief: DEFAULT_BELIEF },
      { probe: b2, word: 'b2', proof: proof2, belief: DEFAULT_BELIEF },
      { probe: both, word: 'both', proof: proofOfAll([proof1, proof2]), belief: DEFAULT_BELIEF },
    ],
    now(),
  );
  validator = new Validator(cache, () => both, RULES, now);
});

afterEach(() => {
  vi.useRealTimers();
});

function now(): number {
  return performance.now();
}

async function ask(key: string, ...rounds: readonly (() => void)[]) {
  const outcome = validator.ask(key);
  for (const round of rounds) {
    await vi.advanceTimersByTimeAsync(300);
    round();
  }
  return outcome;
}

const bothDeny = (key: string) => () => {
  b1.answer(key, UNKNOWN);
  b2.answer(key, UNKNOWN);
};

describe('one that nothing is known of', () => {
  test('is asked of all side by side, and deliverable as soon as one says so', async () => {
    const { verdict } = await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE));
    expect(verdict.kind).toBe('deliverable');
    expect([b1.asked, b2.asked]).toEqual([[ALICE], [ALICE]]);
    expect(cache.remembered(ALICE)?.by.name).toBe('b2');
  });

  test('is unknown where all deny it, asked twice, with the words of all', async () => {
    const says = (name: string) =>
      addEvidence(UNKNOWN, { backchannel: name, witness: { address: `w@${name}`, said: 'deliverable' } });
    const deny = () => {
      b1.answer(ALICE, says('b1'));
      b2.answer(ALICE, says('b2'));
    };
    expect((await ask(ALICE, deny, deny)).verdict).toEqual({
      kind: 'unknown',
      evidence: { backchannel: 'b1, b2', witness: { address: 'w@b1, w@b2', said: 'deliverable' } },
    });
    expect([b1.asked, b2.asked]).toEqual([
      [ALICE, ALICE],
      [ALICE, ALICE],
    ]);
  });

  test('is deferred where one has no witness, is silent or away', async () => {
    const doubt = await ask(ALICE, () => {
      b1.answer(ALICE, UNKNOWN);
      b2.answer(ALICE, deferred('the witness mailbox is unknown'));
    });
    expect(doubt.verdict.kind).toBe('deferred');
    const away = await ask(ALICE, () => {
      b1.answer(ALICE, UNKNOWN);
      b2.question(ALICE).fail(new DownError('refused'));
    });
    expect(away).toMatchObject({ verdict: { kind: 'deferred' }, source: 'down' });
    const silent = ask(ALICE, () => b1.answer(ALICE, UNKNOWN));
    await vi.advanceTimersByTimeAsync(5000);
    expect((await silent).verdict.kind).toBe('deferred');
  });

  test('is over quota where the one that has it says so', async () => {
    const { verdict } = await ask(ALICE, () => {
      b1.answer(ALICE, OVERQUOTA);
      b2.question(ALICE).fail(new UnavailableError('lost'));
    });
    expect(verdict.kind).toBe('overquota');
  });
});

describe('one that a server had', () => {
  beforeEach(async () => {
    await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE));
    validator.known(ALICE);
    proof2.at = now() + 1;
    await vi.advanceTimersByTimeAsync(1000);
    b1.questions.length = 0;
    b2.questions.length = 0;
  });

  test('is asked of that one first, alone', async () => {
    expect((await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE))).verdict.kind).toBe('deliverable');
    expect([b1.asked, b2.asked]).toEqual([[], [ALICE]]);
  });

  test('is asked of the others where it is gone there, and is found', async () => {
    const moved = () => b1.answer(ALICE, DELIVERABLE);
    expect((await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), moved)).verdict.kind).toBe('deliverable');
    expect(cache.remembered(ALICE)?.by.name).toBe('b1');
    expect(b2.asked, 'asked again, since it may have come back').toEqual([ALICE, ALICE]);
  });

  test('is asked of the others where that one is slow', async () => {
    const outcome = validator.ask(ALICE);
    await vi.advanceTimersByTimeAsync(2499);
    expect(b1.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    b1.answer(ALICE, DELIVERABLE);
    expect((await outcome).verdict.kind).toBe('deliverable');
    expect(b2.asked).toEqual([ALICE]);
  });

  test('is deferred where it is gone from all, as within a move, and unknown where it stays away', async () => {
    const gone = async () =>
      (await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), bothDeny(ALICE), bothDeny(ALICE))).verdict.kind;
    expect(await gone()).toBe('deferred');
    await vi.advanceTimersByTimeAsync(GONE_AFTER_MS - 1000);
    expect(await gone()).toBe('deferred');
    await vi.advanceTimersByTimeAsync(1000);
    const { verdict } = await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), bothDeny(ALICE), bothDeny(ALICE));
    expect(verdict.kind).toBe('unknown');
  });

  test('and begins anew where it was found meanwhile', async () => {
    await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), bothDeny(ALICE), bothDeny(ALICE));
    await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE));
    proof2.at = now() + 1;
    await vi.advanceTimersByTimeAsync(GONE_AFTER_MS);
    const again = await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), bothDeny(ALICE), bothDeny(ALICE));
    expect(again.verdict.kind).toBe('deferred');
  });

  test('is found where it came to another between the two rounds', async () => {
    const came = () => {
      b1.answer(ALICE, DELIVERABLE);
      b2.answer(ALICE, UNKNOWN);
    };
    const { verdict } = await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), bothDeny(ALICE), came);
    expect(verdict.kind).toBe('deliverable');
  });

  test('is found on another, though the one that denied it is away by now', async () => {
    const away = () => {
      b2.question(ALICE).fail(new DownError('refused'));
      b1.answer(ALICE, DELIVERABLE);
    };
    expect((await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), away)).verdict.kind).toBe('deliverable');
  });

  test('and is gone for good speaks against the proof of that one, not of the others', async () => {
    for (const proof of [proof1, proof2]) proof.at = -Infinity;
    const deny = [() => b2.answer(BOB, UNKNOWN), bothDeny(BOB), bothDeny(BOB)];
    await ask(BOB, () => b2.answer(BOB, DELIVERABLE));
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.knownMs);
    expect((await ask(BOB, ...deny)).verdict.kind).toBe('deferred');
    await vi.advanceTimersByTimeAsync(GONE_AFTER_MS);
    const otherIsThere = () => b2.answer(ALICE, DELIVERABLE);
    expect((await ask(BOB, ...deny, otherIsThere)).verdict.kind).toBe('unknown');
    expect([proof1.contradictions.length, proof2.contradictions.length]).toEqual([0, 1]);
  });

  test('is served while that one is away, and the others lack it', async () => {
    const away = () => b2.question(ALICE).fail(new DownError('refused'));
    expect(await ask(ALICE, away, () => b1.answer(ALICE, UNKNOWN))).toEqual({
      verdict: DELIVERABLE,
      source: 'stale',
    });
  });

  test('is not served once that one has denied it, though another is away', async () => {
    const away = () => {
      b1.question(ALICE).fail(new DownError('refused'));
      b2.answer(ALICE, UNKNOWN);
    };
    const outcome = await ask(ALICE, () => b2.answer(ALICE, UNKNOWN), away);
    expect(outcome.verdict.kind).toBe('deferred');
    const silent = ask(ALICE, () => b2.answer(ALICE, UNKNOWN));
    await vi.advanceTimersByTimeAsync(5000);
    expect((await silent).verdict.kind).toBe('deferred');
  });
});

describe('what is remembered', () => {
  test('a yes holds while the one that said it has not changed', async () => {
    await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE));
    proof1.at = now() + 1000;
    expect(validator.known(ALICE)?.verdict.kind).toBe('deliverable');
    proof2.at = now() + 1000;
    expect(validator.known(ALICE)).toBeUndefined();
  });

  test('a no holds while none has changed, and needs the proof of each', async () => {
    await ask(ALICE, bothDeny(ALICE), bothDeny(ALICE));
    expect(validator.known(ALICE)?.source).toBe('negative');
    proof1.vouchesForUnknown = false;
    expect(validator.known(ALICE)).toBeUndefined();
    proof1.vouchesForUnknown = true;
    proof2.at = now() + 1000;
    expect(validator.known(ALICE)).toBeUndefined();
  });

  test('the no of one of them is not that of all', () => {
    cache.remember(BOB, UNKNOWN, now(), cache.vouchers.of(b1));
    expect(validator.known(BOB)).toBeUndefined();
  });

  test('a mailbox that came speaks against the proof of the server that has it, not of the others', async () => {
    await ask(ALICE, bothDeny(ALICE), bothDeny(ALICE));
    proof1.vouchesForUnknown = false;
    await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE));
    expect([proof1.contradictions.length, proof2.contradictions.length]).toEqual([0, 1]);
  });

  test('the list of one server says nothing of what another has', async () => {
    await ask(ALICE, () => b2.answer(ALICE, DELIVERABLE));
    await vi.advanceTimersByTimeAsync(1000);
    const list = validator.beginSnapshot();
    list.add(BOB, ['b1']);
    list.finish('b1', (_, holder) => holder === 'b1');
    expect(cache.remembered(BOB)?.by.name).toBe('b1');
    expect([ALICE, BOB].map((each) => validator.known(each)?.verdict.kind)).toEqual([
      'deliverable',
      'deliverable',
    ]);
  });
});

describe('all of them together', () => {
  test('have the name of all, in whatever order they are configured', () => {
    expect(new AnyOfProbe([b2, b1], now).name).toBe('b1, b2');
  });

  test('are the same servers, in whatever order, and not with one more, one less or another', () => {
    const [both, b3] = [new AnyOfProbe([b1, b2], now), new HandProbe('b3')];
    expect(both.isOf([b2, b1])).toBe(true);
    for (const others of [[b1], [b1, b3], [b1, b2, b3]]) expect(both.isOf(others)).toBe(false);
  });

  test.each([
    ['acceptsEightBit', [true, true, false]],
    ['judgesSize', [true, true, false]],
    ['asksEightBit', [true, false, false]],
    ['seesFolders', [true, false, false]],
  ] as const)('%s: where both do, where one does, where none does: %j', (can, expected) => {
    const of = (one: boolean, other: boolean): Probe =>
      new AnyOfProbe([Object.assign(b1, { [can]: one }), Object.assign(b2, { [can]: other })], now);
    expect([of(true, true)[can], of(false, true)[can], of(false, false)[can]]).toEqual(expected);
  });

  test('say yes where one of them does, and close none of them', async () => {
    const both: Probe = new AnyOfProbe([b1, b2], now);
    const said = both.check(recipient(ALICE), now() + 5000);
    b2.answer(ALICE, DELIVERABLE);
    expect(await said).toEqual(DELIVERABLE);
    await expect(both.drain()).resolves.toBeUndefined();
    await expect(both.close()).resolves.toBeUndefined();
  });
});

test('the second round begins only when all have answered the first, and one answer alone denies nothing', async () => {
  const outcome = validator.ask(ALICE);
  b1.answer(ALICE, UNKNOWN);
  await vi.advanceTimersByTimeAsync(1000);
  expect([b1.asked, b2.asked]).toEqual([[ALICE], [ALICE]]);
  b2.answer(ALICE, UNKNOWN);
  await vi.advanceTimersByTimeAsync(1000);
  expect([b1.asked.length, b2.asked.length]).toEqual([2, 2]);
  b2.answer(ALICE, UNKNOWN);
  await vi.advanceTimersByTimeAsync(1000);
  b1.answer(ALICE, DELIVERABLE);
  expect((await outcome).verdict.kind).toBe('deliverable');
});

describe('between the two rounds', () => {
  let both: AnyOfProbe;

  beforeEach(async () => {
    await vi.advanceTimersByTimeAsync(1000);
    both = new AnyOfProbe([b1, b2], now);
  });

  test.each([
    [5000, 250],
    [400, 100],
  ])('%i ms before the deadline is a pause of %i ms', async (leftMs, pauseMs) => {
    const search = both.search(recipient(ALICE), now() + leftMs);
    bothDeny(ALICE)();
    await vi.advanceTimersByTimeAsync(pauseMs - 1);
    expect(b1.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(b1.asked).toHaveLength(2);
    bothDeny(ALICE)();
    expect((await search).verdict.kind).toBe('unknown');
  });
});

describe('one that is on none of them any more', () => {
  let time: number;
  let both: AnyOfProbe;

  beforeEach(() => {
    time = 1000;
    both = new AnyOfProbe([b1, b2], () => time, 0);
    for (const server of [b1, b2]) vi.spyOn(server, 'check').mockResolvedValue(UNKNOWN);
  });

  async function kindOf(name: string): Promise<string> {
    return (await both.search(recipient(name), time + 5000, undefined, b2)).verdict.kind;
  }

  test('is unknown after half a minute, and not before', async () => {
    expect(await kindOf(ALICE)).toBe('deferred');
    time = 1000 + GONE_AFTER_MS - 1;
    expect(await kindOf(ALICE)).toBe('deferred');
    time = 1000 + GONE_AFTER_MS;
    expect(await kindOf(ALICE)).toBe('unknown');
  });

  test('waits anew only where more are gone than are remembered, and it is gone longest', async () => {
    const name = (i: number) => `u${i}@example.jp`;
    for (let i = 0; i <= 10_000; i++) await kindOf(name(i));
    time += GONE_AFTER_MS;
    expect([await kindOf(name(1)), await kindOf(name(5000)), await kindOf(name(0))]).toEqual([
      'unknown',
      'unknown',
      'deferred',
    ]);
  });
});

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(key);
  return parsed.recipient;
}
