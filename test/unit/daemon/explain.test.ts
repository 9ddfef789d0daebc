import { beforeEach, describe, expect, test } from 'vitest';
import { Decisions } from '../../../src/daemon/decisions.js';
import { explain, type ExplainParts } from '../../../src/daemon/explain.js';
import { UnavailableError } from '../../../src/errors.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import type { Route } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { DEFAULT_REPLY_POLICY, DELIVERABLE, UNKNOWN } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { HandProof } from '../../fakes/hand-proof.js';

const ALICE = 'alice@example.jp';

let now: number;
let probe: HandProbe;
let proof: HandProof;
let parts: ExplainParts;

beforeEach(() => {
  now = 10_000;
  probe = new HandProbe('cyrus');
  proof = new HandProof();
  const cache = new VerdictCache({ maxKnown: 10, maxNegative: 10 }, DEFAULT_BELIEF, now);
  cache.vouchers.take([{ probe, proof, belief: DEFAULT_BELIEF }], now);
  const route: Route = (domain) => {
    if (domain === 'example.jp' || domain === undefined) return probe;
    return domain === 'foreign.test' ? 'foreign' : 'unserved';
  };
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5_000,
    eightBit: 'reject',
    alwaysAccepts: ({ local }: { local: string }) => local === 'postmaster',
  } as const;
  const validator = new Validator(cache, route, rules, () => now);
  parts = {
    validator,
    cache,
    route,
    decisions: new Decisions(20, () => now),
    policy: DEFAULT_REPLY_POLICY,
    deadlineMs: 5_000,
    now: () => now,
    wall: Date.UTC(2026, 10, 28),
  };
});

function remember(mailbox: string, verdict = DELIVERABLE): void {
  parts.cache.remember(mailbox, verdict, now, parts.cache.vouchers.of(probe));
}

describe('why a recipient is answered as it is', () => {
  test('is told by the mailbox that the key names, and who is asked', async () => {
    expect(await explain('Alice+x@Example.jp', false, parts)).toStrictEqual({
      key: 'Alice+x@Example.jp',
      recipient: { address: 'alice+x@Example.jp', mailbox: ALICE, detail: 'x' },
      backchannel: 'cyrus',
      proof: { words: 'by hand' },
      decisions: [],
    });
  });

  test('where something is remembered, by what, since when, and what is answered by it', async () => {
    remember(ALICE);
    now += 2_000;
    expect(await explain(ALICE, false, parts)).toMatchObject({
      recipient: { address: ALICE, mailbox: ALICE },
      remembered: { mailbox: ALICE, state: 'confirmed', ageMs: 2_000, believed: true, by: 'cyrus' },
      answer: `OK ${ALICE} (deliverable, known)`,
    });
    expect((await explain(ALICE, false, parts)).recipient).not.toHaveProperty('detail');
  });

  test('where a change outdated it, since when', async () => {
    remember(ALICE);
    now += 2_000;
    proof.at = now - 500;
    expect(await explain(ALICE, false, parts)).toMatchObject({
      proof: { words: 'by hand', floorAgoMs: 500 },
      remembered: { believed: false },
    });
    proof.at = Infinity;
    expect((await explain(ALICE, false, parts)).proof).toStrictEqual({ words: 'by hand', closed: true });
  });

  test.each([
    ['a b@example.jp', undefined, 'nobody: the key names no mailbox'],
    ['alice@foreign.test', undefined, 'nobody: the domain is none of ours'],
    ['alice@other.test', undefined, 'nobody: no back-channel serves the domain'],
  ])('%s: nobody is asked', async (key, proofOfIt, backchannel) => {
    const told = await explain(key, true, parts);
    expect([told.backchannel, told.proof, told.asked]).toEqual([backchannel, proofOfIt, undefined]);
    expect(probe.asked).toEqual([]);
  });

  test('by the rule, where the key is no address, or is always accepted', async () => {
    const broken = await explain('a b@example.jp', false, parts);
    expect(broken.rule).toEqual(expect.any(String));
    expect(broken.rule).not.toBe('always accepted');
    expect(broken).not.toHaveProperty('recipient');
    expect(broken).not.toHaveProperty('remembered');
    expect((await explain('postmaster@example.jp', false, parts)).rule).toBe('always accepted');
    remember(ALICE);
    expect(await explain(ALICE, false, parts)).not.toHaveProperty('rule');
  });

  test('by what was decided about it lately, however the key was spelled, the newest first', async () => {
    const decide = (key: string): void =>
      parts.decisions.add(
        'cyrus',
        key,
        1,
        'NOTFOUND',
        { verdict: UNKNOWN, source: 'probe' },
        1,
        undefined,
        '',
      );
    for (let i = 0; i < 12; i++, now += 1) decide(i % 2 === 0 ? ALICE : ALICE.toUpperCase());
    decide('bob@example.jp');
    const { decisions } = await explain('Alice@example.jp', false, parts);
    expect(decisions).toHaveLength(10);
    expect(decisions.slice(0, 2).map(({ key }) => key)).toEqual([ALICE.toUpperCase(), ALICE]);
  });
});

describe('Cyrus is asked', () => {
  test('past what is remembered, about the mailbox without the detail, within the deadline', async () => {
    remember(ALICE);
    const explained = explain('alice+x@example.jp', true, parts);
    expect(probe.questions).toMatchObject([{ address: ALICE, deadline: now + 5_000 }]);
    now += 40;
    probe.answer(ALICE, UNKNOWN);
    expect((await explained).asked).toEqual({
      time: '2026-11-28T00:00:10.000Z',
      map: '',
      key: 'alice+x@example.jp',
      reply: 'NOTFOUND',
      source: 'probe',
      verdict: 'unknown',
      ms: 40,
    });
  });

  test('about a shared mailbox with its name, which is no detail', async () => {
    const { cache, route } = parts;
    const rules = {
      address: { ...DEFAULT_ADDRESS_RULES, postUser: 'post' },
      deadlineMs: 5_000,
      eightBit: 'reject',
      alwaysAccepts: () => false,
    } as const;
    const validator = new Validator(cache, route, rules, () => now);
    const explained = explain('post+sales@example.jp', true, { ...parts, validator });
    probe.answer('post+sales@example.jp', DELIVERABLE);
    expect((await explained).asked).toMatchObject({ reply: 'OK' });
  });

  test('and where it cannot be, that is told', async () => {
    const explained = explain(ALICE, true, parts);
    probe.question(ALICE).fail(new UnavailableError('no connection'));
    expect((await explained).asked).toMatchObject({
      reply: 'TEMP',
      reason: 'no connection',
      backchannel: 'cyrus',
    });
  });

  test('only if that is wanted', async () => {
    await explain(ALICE, false, parts);
    expect(probe.asked).toEqual([]);
  });
});
