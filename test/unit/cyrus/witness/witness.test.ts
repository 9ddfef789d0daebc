import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';
import { DELIVERABLE, deferred, OVERQUOTA, REFUSED, UNKNOWN } from '../../../../src/validation/verdict.js';
import { Witness, type WitnessAlarm } from '../../../../src/cyrus/witness/witness.js';

const LEARNED_WITNESSES_MAX = 8;

const NONE: ReadonlySet<string> = new Set();

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  return parsed.recipient;
}

const canary = recipient('canary@example.jp');
const alice = recipient('alice@example.jp');
const bob = recipient('bob@example.jp');

let alarms: string[];
let alarm: WitnessAlarm;
beforeEach(() => {
  alarms = [];
  alarm = {
    missing: () => alarms.push('missing'),
    failed: ({ mailbox }, { kind }) => alarms.push(`failed ${mailbox} ${kind}`),
    recovered: ({ mailbox }) => alarms.push(`recovered ${mailbox}`),
  };
});

describe('who is asked', () => {
  test('nobody, where no canary is configured and no mailbox was confirmed', () => {
    expect(new Witness([], alarm).candidates(NONE)).toEqual([]);
  });

  test('the canary, whatever was confirmed and even if it was just denied', () => {
    const witness = new Witness([canary], alarm);
    witness.learn(alice);
    expect(witness.candidates(new Set([canary.mailbox]))).toEqual([canary]);
  });

  test('else the mailbox most recently confirmed, but none that was just denied', () => {
    const witness = new Witness([], alarm);
    witness.learn(alice);
    witness.learn(bob);
    expect(witness.candidates(NONE)).toEqual([bob]);
    witness.learn(alice);
    expect(witness.candidates(NONE)).toEqual([alice]);
    expect(witness.candidates(new Set([alice.mailbox]))).toEqual([bob]);
    expect(witness.candidates(new Set([alice.mailbox, bob.mailbox]))).toEqual([]);
  });

  test('what was confirmed is told in this order, the last one at the end, for who takes over', () => {
    const witness = new Witness([canary], alarm);
    for (const each of [alice, bob, alice]) witness.learn(each);
    expect(witness.learned).toEqual([bob, alice]);
    expect(witness.canaries).toEqual([canary]);
  });

  test('a mailbox that is confirmed again and again is remembered once, and pushes no other one out', () => {
    const witness = new Witness([], alarm);
    witness.learn(alice);
    for (let i = 0; i < 4 * LEARNED_WITNESSES_MAX; i++) witness.learn(bob);
    witness.learn(canary);
    for (let i = 0; i < 4 * LEARNED_WITNESSES_MAX; i++) witness.learn(i % 2 === 0 ? bob : canary);
    expect(witness.candidates(new Set([bob.mailbox, canary.mailbox]))).toEqual([alice]);
  });

  test('what is told to it of a configured canary changes nothing for the others', () => {
    const witness = new Witness([canary], alarm);
    expect(witness.canaries).toEqual([canary]);
    for (let i = 0; i < 3; i++) witness.judge([alice], [UNKNOWN, UNKNOWN]);
    expect(witness.candidates(NONE)).toEqual([canary]);
  });

  test('only the last few confirmed ones are remembered', () => {
    const witness = new Witness([], alarm);
    const many = Array.from({ length: LEARNED_WITNESSES_MAX + 1 }, (_, i) => recipient(`u${i}@example.jp`));
    for (const each of many) witness.learn(each);
    const [first, ...others] = many;
    expect(first).toBeDefined();
    const denied = new Set(others.map(({ mailbox }) => mailbox));
    expect(witness.candidates(denied)).toEqual([]);
    const [oldest, ...younger] = others;
    expect(witness.candidates(new Set(younger.map(({ mailbox }) => mailbox)))).toEqual([oldest]);
  });

  test('one that failed, and is not remembered any more, changes nothing for the others', () => {
    const witness = new Witness([], alarm);
    witness.learn(alice);
    witness.learn(bob);
    expect(witness.judge([canary], [UNKNOWN, UNKNOWN])?.kind).toBe('deferred');
    expect(witness.candidates(NONE)).toEqual([bob]);
  });

  test('one that failed comes after the others, and is the first to be given up', () => {
    const witness = new Witness([], alarm);
    witness.learn(alice);
    witness.learn(bob);
    witness.judge([bob], [UNKNOWN, UNKNOWN]);
    expect(witness.candidates(NONE)).toEqual([alice]);
    for (let i = 0; i < LEARNED_WITNESSES_MAX - 1; i++) witness.learn(recipient(`u${i}@example.jp`));
    const others = new Set(Array.from({ length: LEARNED_WITNESSES_MAX - 1 }, (_, i) => `u${i}@example.jp`));
    expect(witness.candidates(others)).toEqual([alice]);
    expect(witness.candidates(new Set([...others, alice.mailbox]))).toEqual([]);
  });

  test('all of them are kept while Cyrus has lost its mailboxes', () => {
    const witness = new Witness([], alarm);
    witness.learn(alice);
    witness.learn(bob);
    for (let i = 0; i < 20; i++) witness.judge(witness.candidates(NONE), [UNKNOWN, UNKNOWN]);
    const kept = [...witness.candidates(NONE), ...witness.candidates(new Set([alice.mailbox]))];
    expect(kept).toContain(bob);
    expect(witness.judge(witness.candidates(NONE), [DELIVERABLE, DELIVERABLE])).toBeUndefined();
  });
});

describe('what an unknown is worth', () => {
  test('it stands where the witness is deliverable or over quota', () => {
    const witness = new Witness([canary], alarm);
    expect(witness.judge([canary], [DELIVERABLE, DELIVERABLE])).toBeUndefined();
    expect(witness.judge([canary], [OVERQUOTA, OVERQUOTA])).toBeUndefined();
    expect(witness.judge([canary], [DELIVERABLE])).toBeUndefined();
    expect(alarms).toEqual([]);
  });

  test.each([
    ['unknown', [UNKNOWN, UNKNOWN]],
    ['unknown only before', [UNKNOWN, DELIVERABLE]],
    ['unknown only after', [DELIVERABLE, UNKNOWN]],
    ['refused', [REFUSED, REFUSED]],
    ['deferred', [deferred('System I/O error'), deferred('System I/O error')]],
  ])('it is deferred where the witness is %s', (_, said) => {
    expect(new Witness([canary], alarm).judge([canary], said)?.kind).toBe('deferred');
  });

  test('it is deferred where there is no witness, with words that name the key', () => {
    const doubt = new Witness([], alarm).judge([], []);
    expect(doubt).toMatchObject({ kind: 'deferred', reason: expect.stringContaining('canary') });
  });
});

describe('the state', () => {
  test('tells whether an unknown would be believed', () => {
    const witness = new Witness([], alarm);
    expect(witness.state).toBe('untried');
    witness.judge([], []);
    expect(witness.state).toBe('missing');
    witness.judge([alice], [DELIVERABLE, DELIVERABLE]);
    expect(witness.state).toBe('standing');
    witness.judge([alice], [DELIVERABLE, UNKNOWN]);
    expect(witness.state).toBe('failed');
  });
});

describe('the alarm', () => {
  test('is given once, and once more when all is well again', () => {
    const witness = new Witness([canary], alarm);
    for (let i = 0; i < 3; i++) witness.judge([canary], [UNKNOWN, UNKNOWN]);
    for (let i = 0; i < 3; i++) witness.judge([canary], [DELIVERABLE, DELIVERABLE]);
    witness.judge([canary], [UNKNOWN, UNKNOWN]);
    expect(alarms).toEqual([
      'failed canary@example.jp unknown',
      'recovered canary@example.jp',
      'failed canary@example.jp unknown',
    ]);
  });

  test('tells a missing witness once', () => {
    const witness = new Witness([], alarm);
    witness.judge([], []);
    witness.judge([], []);
    expect(alarms).toEqual(['missing']);
  });

  test('tells a failed witness even where a missing one was told before', () => {
    const witness = new Witness([], alarm);
    witness.judge([], []);
    witness.learn(alice);
    witness.judge([alice], [UNKNOWN, UNKNOWN]);
    expect(alarms).toEqual(['missing', 'failed alice@example.jp unknown']);
  });
});

describe('several canaries, one for each server behind', () => {
  test('are all asked, and vouch for an unknown only together', () => {
    const witness = new Witness([alice, bob], alarm);
    expect(witness.candidates(NONE)).toEqual([alice, bob]);
    const all = [alice, bob];
    expect(witness.judge(all, [DELIVERABLE, OVERQUOTA, DELIVERABLE, DELIVERABLE])).toBeUndefined();
    for (const at of [0, 1, 2, 3]) {
      const said = [DELIVERABLE, DELIVERABLE, DELIVERABLE, DELIVERABLE];
      said[at] = UNKNOWN;
      expect(witness.judge(all, said)).toMatchObject({
        kind: 'deferred',
        reason: expect.stringContaining(at % 2 === 0 ? 'alice' : 'bob'),
      });
    }
    expect(witness.judge(all, [DELIVERABLE])?.kind).toBe('deferred');
  });
});
