import { expect, test } from 'vitest';
import {
  decodeBeacon,
  decodeEntry,
  decodeTold,
  encodeBeacon,
  encodeBegin,
  encodeChange,
  encodeEnd,
  encodeTold,
  NAMES_MAX,
  type Beacon,
} from '../../../src/fleet/entry-codec.js';

const INSTANCE = '0123456789abcdef';
const BEACON: Beacon = {
  instance: INSTANCE,
  answers: 17,
  seq: 4,
  lastId: '1732800000000-3',
  leaseMs: 1000,
  exact: true,
  rules: 'fedcba9876543210',
};

test('a beacon comes back as it was', () => {
  expect(decodeBeacon(encodeBeacon(BEACON))).toEqual(BEACON);
  expect(decodeBeacon(encodeBeacon({ ...BEACON, exact: false }))).toEqual({ ...BEACON, exact: false });
});

test.each([
  null,
  '',
  'on',
  encodeBeacon(BEACON).replace('1 ', '2 '),
  `${encodeBeacon(BEACON)} more`,
  encodeBeacon({ ...BEACON, instance: 'x' }),
  encodeBeacon({ ...BEACON, answers: -1 }),
])('%j is no beacon of this release', (text) => {
  expect(decodeBeacon(text)).toBeUndefined();
});

test('an entry comes back as it was', () => {
  const mailboxes = ['alice@example.jp', 'with space@example.jp', '&ZeVnLA-'];
  const change = { kind: 'change', instance: INSTANCE, seq: 5 };
  expect(decodeEntry(encodeBegin(INSTANCE))).toEqual({ kind: 'begin', instance: INSTANCE });
  expect(decodeEntry(encodeEnd(INSTANCE, 5))).toEqual({ kind: 'end', instance: INSTANCE, seq: 5 });
  expect(decodeEntry(encodeChange(INSTANCE, { seq: 5, mailboxes }))).toEqual({ ...change, mailboxes });
  expect(decodeEntry(encodeChange(INSTANCE, { seq: 5, mailboxes: undefined }))).toEqual({
    ...change,
    mailboxes: undefined,
  });
});

test('a change of very many mailboxes is one of any', () => {
  const mailboxes = Array.from({ length: NAMES_MAX + 1 }, (_, i) => `u${i}`);
  expect(decodeEntry(encodeChange(INSTANCE, { seq: 1, mailboxes }))).toMatchObject({ mailboxes: undefined });
});

test.each([
  [[]],
  [['begin']],
  [['begin', 'x']],
  [['end', INSTANCE]],
  [['end', INSTANCE, 'seq', 'x']],
  [['end', INSTANCE, 'seq', '1', 'more', 'x']],
  [['begin', INSTANCE, 'more']],
  [['instance', INSTANCE, 'seq', '1']],
  [['instance', INSTANCE, 'seq', '-1', 'mailboxes', '[]']],
  [['instance', INSTANCE, 'seq', '1', 'mailboxes', '[']],
  [['instance', INSTANCE, 'seq', '1', 'mailboxes', '{}']],
  [['instance', INSTANCE, 'seq', '1', 'mailboxes', '[1]']],
  [['instance', INSTANCE, 'seq', '1', 'mailboxes', JSON.stringify(Array(NAMES_MAX + 1).fill('a'))]],
])('%j is strange: anything may have changed', (fields) => {
  expect(decodeEntry(fields)).toEqual({ kind: 'strange' });
});

test('what a follower tells comes back as it was, and is nothing where a stranger says it', () => {
  const told = { instance: INSTANCE, seq: 7, follower: 'f01' };
  expect(decodeTold(encodeTold(told))).toEqual(told);
  for (const text of ['', `${INSTANCE} 7`, `${INSTANCE} -7 f01`, `x${INSTANCE} 7 f01`, `${INSTANCE} 7 f01 `])
    expect(decodeTold(text)).toBeUndefined();
});
