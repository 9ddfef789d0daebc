import { expect, test } from 'vitest';
import { authenticate, getAcl, getQuota, getQuotaRoot, list } from '../../../../src/cyrus/imap/command.js';
import { inboxPattern, IMPOSSIBLE_ROOT } from '../../../../src/cyrus/mailbox-name.js';

test('a name stands in quotes behind its command', () => {
  const name = IMPOSSIBLE_ROOT;
  expect([getQuotaRoot(name), getQuota(name), getAcl(name)]).toEqual([
    `GETQUOTAROOT "${name}"`,
    `GETQUOTA "${name}"`,
    `GETACL "${name}"`,
  ]);
});

test('a list has an empty reference', () => {
  const pattern = inboxPattern('example.jp', '/');
  expect(list(pattern)).toBe(`LIST "" "${pattern}"`);
});

test('a login may carry its first response', () => {
  expect(authenticate('PLAIN', undefined)).toBe('AUTHENTICATE PLAIN');
  expect(authenticate('PLAIN', '=')).toBe('AUTHENTICATE PLAIN =');
});
