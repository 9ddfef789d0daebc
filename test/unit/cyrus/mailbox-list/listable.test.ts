import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isListable } from '../../../../src/cyrus/mailbox-list/listable.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';

/** What is meant, as an expression. */
const PLAIN = /^(?!postmaster(?:@|$))[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?:@[a-z0-9-]+(?:\.[a-z0-9-]+)*)?$/;

function named(mailbox: string, more: Partial<Recipient> = {}): Recipient {
  const parsed = parseKey('bob', DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error('bob is no recipient');
  return { ...parsed.recipient, mailbox, ...more };
}

test.each([
  ['bob', true],
  ['first.last-2_x@sub.example-1.jp', true],
  ['postmasters@example.jp', true],
  ['postmaster@example.jp', false],
  ['postmaster', false],
  ['a_b@ex_ample.jp', false],
  ['.bob@example.jp', false],
  ['bob.@example.jp', false],
  ['b..ob', false],
  ['bob@.jp', false],
  ['bob@jp.', false],
  ['bob@', false],
  ['@jp', false],
  ['bob@a@b', false],
  ['Bob', false],
  ['b+c', false],
  ['b\xe4', false],
  ['', false],
])('the list can decide about %j: %s', (mailbox, can) => {
  expect(isListable(named(mailbox))).toBe(can);
});

test('it cannot decide about shared mailboxes and folders', () => {
  expect(isListable(named('bob', { shared: true }))).toBe(false);
  expect(isListable(named('bob', { folder: true }))).toBe(false);
});

test('whatever the name is, the answer is that of the expression', () => {
  const pieces = fc.constantFrom(
    'a',
    'z',
    '0',
    '9',
    '.',
    '-',
    '_',
    '@',
    'postmaster',
    '`',
    '{',
    '/',
    ':',
    '^',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
      const name = parts.join('');
      expect(isListable(named(name))).toBe(PLAIN.test(name));
    }),
    { numRuns: 3_000 },
  );
});
