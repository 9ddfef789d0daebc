import { expect, test } from 'vitest';
import {
  CONFIRM_BURST,
  CONFIRM_EVERY_MS,
  CONFIRM_PAUSE_MS,
  CONFIRM_TOGETHER,
  Confirmations,
} from '../../../src/validation/confirmations.js';
import type { Outcome } from '../../../src/validation/outcome.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import { DELIVERABLE, deferred } from '../../../src/validation/verdict.js';

function recipientOf(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(`${key} is no recipient`);
  return parsed.recipient;
}

const alice = recipientOf('alice@example.jp');

function asking(outcome: Outcome = { verdict: DELIVERABLE, source: 'probe' }) {
  const clock = { now: 0 };
  const asked: string[] = [];
  const confirmations = new Confirmations(
    ({ address }) => {
      asked.push(address);
      return Promise.resolve(outcome);
    },
    () => clock.now,
  );
  return { confirmations, asked, clock };
}

test('asks about the user, without the detail', () => {
  const { confirmations, asked } = asking();
  confirmations.confirm(recipientOf('alice+lists@example.jp'), 0);
  expect(asked).toEqual(['alice@example.jp']);
});

test('many at once are asked only up to a burst, then at the pace', () => {
  const { confirmations, asked } = asking();
  for (let i = 0; i < 10 * CONFIRM_BURST; i++) confirmations.confirm(alice, 1000);
  expect(asked).toHaveLength(CONFIRM_BURST);
  for (let ms = 1; ms <= 100; ms++) {
    for (let i = 0; i < 10; i++) confirmations.confirm(alice, 1000 + ms);
  }
  expect(asked).toHaveLength(CONFIRM_BURST + 100 / CONFIRM_EVERY_MS);
});

test('after a burst some are asked together, so that each batch has several', () => {
  const { confirmations, asked } = asking();
  for (let i = 0; i < CONFIRM_BURST; i++) confirmations.confirm(alice, 1000);
  const together = CONFIRM_TOGETHER * CONFIRM_EVERY_MS;
  for (let ms = 1; ms < together; ms++) confirmations.confirm(alice, 1000 + ms);
  expect(asked).toHaveLength(CONFIRM_BURST);
  for (let i = 0; i < 10 * CONFIRM_TOGETHER; i++) confirmations.confirm(alice, 1000 + together);
  expect(asked).toHaveLength(CONFIRM_BURST + CONFIRM_TOGETHER);
});

test('a long silence allows no more than a burst', () => {
  const { confirmations, asked } = asking();
  confirmations.confirm(alice, 0);
  for (let i = 0; i < 10 * CONFIRM_BURST; i++) confirmations.confirm(alice, 1e9);
  expect(asked).toHaveLength(1 + CONFIRM_BURST);
});

test.each<[string, Outcome]>([
  ['could not be asked', { verdict: deferred('down'), source: 'down' }],
  ['was answered from before', { verdict: DELIVERABLE, source: 'stale' }],
])('pauses after a question that %s', async (_, outcome) => {
  const { confirmations, asked, clock } = asking(outcome);
  confirmations.confirm(alice, 0);
  clock.now = 10;
  await Promise.resolve();
  confirmations.confirm(alice, 10 + CONFIRM_PAUSE_MS - 1);
  expect(asked).toHaveLength(1);
  confirmations.confirm(alice, 10 + CONFIRM_PAUSE_MS);
  expect(asked).toHaveLength(2);
});
