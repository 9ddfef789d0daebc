import { expect, test } from 'vitest';
import { DecisionRing } from '../../../src/daemon/decision-ring.js';
import { Decisions } from '../../../src/daemon/decisions.js';
import type { Outcome } from '../../../src/validation/outcome.js';
import { DELIVERABLE, UNKNOWN } from '../../../src/validation/verdict.js';

const KEPT_KEY_BYTES = 512;

const FOUND: Outcome = { verdict: DELIVERABLE, source: 'known' };
const DENIED: Outcome = { verdict: UNKNOWN, source: 'negative' };

function keys(ring: DecisionRing): string[] {
  return [...ring.newest()].map(({ key }) => key);
}

test('the last ones are kept, the newest first', () => {
  const ring = new DecisionRing(3);
  expect(keys(ring)).toEqual([]);
  for (let i = 1; i <= 5; i++) ring.add(i, 'cyrus', `u${i}`, i, 'NOTFOUND', DENIED, 0, i, undefined);
  expect(keys(ring)).toEqual(['u5', 'u4', 'u3']);
  expect([...ring.newest()][0]).toEqual({
    at: 5,
    map: 'cyrus',
    key: 'u5',
    connection: 5,
    status: 'NOTFOUND',
    outcome: DENIED,
    ms: 0,
    ageMs: 5,
    queueId: undefined,
  });
});

test.each([
  ['none', undefined],
  ['one of no age', 0],
  ['one that is old', 7],
])('the age of the denial that answered is kept: %s', (_, ageMs) => {
  const ring = new DecisionRing(2);
  ring.add(0, 'cyrus', 'a', 0, 'NOTFOUND', DENIED, 0, ageMs, '4asnlrhf000123');
  expect([...ring.newest()]).toMatchObject([{ ageMs, queueId: '4asnlrhf000123' }]);
});

test('as many are there as were added, before the ring is full', () => {
  const ring = new DecisionRing(5);
  expect(ring.size).toBe(0);
  for (const key of ['a', 'b']) ring.add(0, 'cyrus', key, 0, 'OK', FOUND, 0, undefined, undefined);
  expect([ring.size, keys(ring)]).toEqual([2, ['b', 'a']]);
});

test('long keys are cut, so that the memory is bounded', () => {
  const ring = new DecisionRing(2);
  ring.add(
    0,
    'm'.repeat(9000),
    `${'x'.repeat(9000)}@example.jp`,
    0,
    'NOTFOUND',
    DENIED,
    0,
    undefined,
    undefined,
  );
  const [decision] = ring.newest();
  expect(decision?.key).toBe('x'.repeat(KEPT_KEY_BYTES));
  expect(decision?.map).toHaveLength(KEPT_KEY_BYTES);
});

test.each([
  ['short', 'a\xe4\xff@example.jp'],
  ['as long as is copied', 'x'.repeat(48)],
  ['longer', 'y'.repeat(49)],
])('a key that is %s comes out as it went in, and so does the one in its place later', (_, key) => {
  const ring = new DecisionRing(1);
  for (const each of [key, 'z'.repeat(60), key, 'bob', '', key]) {
    ring.add(0, 'cyrus', each, 0, 'NOTFOUND', DENIED, 0, undefined, undefined);
    expect(keys(ring)).toEqual([each]);
  }
});

test('accepted recipients push out none that were refused; of those answered from memory each eighth is kept', () => {
  let now = 0;
  const decisions = new Decisions(5, () => now);
  decisions.add('cyrus', 'nobody@example.jp', 1, 'NOTFOUND', DENIED, 0, 7, undefined);
  for (now = 1; now < 100; now++) decisions.add('cyrus', `u${now}`, 1, 'OK', FOUND, 0, undefined, undefined);
  expect(decisions.newest('all', () => true, 3).map(({ key }) => key)).toEqual(['u97', 'u89', 'u81']);
  expect(decisions.newest('refused', () => true, 3).map(({ key }) => key)).toEqual(['nobody@example.jp']);
  expect(decisions.newest('all', ({ key }) => key === 'u73', 3)).toHaveLength(1);
});

test('of all others each is kept: those that Cyrus was asked about, and a mailbox that is known and was refused', () => {
  let now = 0;
  const decisions = new Decisions(20, () => now);
  const asked: Outcome = { verdict: DELIVERABLE, source: 'probe' };
  for (now = 1; now <= 4; now++) {
    decisions.add('cyrus', `asked${now}`, 1, 'OK', asked, 0, undefined, undefined);
    decisions.add('cyrus', `full${now}`, 1, 'TEMP', FOUND, 0, undefined, undefined);
  }
  expect(decisions.newest('all', () => true, 20)).toHaveLength(8);
  expect(decisions.newest('refused', () => true, 3).map(({ key }) => key)).toEqual([
    'full4',
    'full3',
    'full2',
  ]);
});

test('whoever listens is told each, also of those that are not kept', () => {
  const decisions = new Decisions(5, () => 7);
  const heard: unknown[] = [];
  decisions.listen((decision) => heard.push(decision));
  decisions.add('cyrus', 'a', 3, 'OK', FOUND, 0, undefined, undefined);
  decisions.add('cyrus', 'b', undefined, 'OK', FOUND, 0, undefined, undefined);
  expect(heard).toMatchObject([
    { at: 7, key: 'a', connection: 3 },
    { at: 7, key: 'b', connection: 0 },
  ]);
});

test('whoever listens is told each, until he leaves', () => {
  const decisions = new Decisions(5, () => 0);
  const heard: string[] = [];
  const leave = decisions.listen(({ key }) => heard.push(key));
  decisions.add('cyrus', 'a', 1, 'OK', FOUND, 0, undefined, undefined);
  leave();
  decisions.add('cyrus', 'b', 1, 'OK', FOUND, 0, undefined, undefined);
  expect(heard).toEqual(['a']);
});
