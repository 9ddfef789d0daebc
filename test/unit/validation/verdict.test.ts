import { expect, test } from 'vitest';
import {
  DEFAULT_REPLY_POLICY,
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  replyFor,
  UNKNOWN,
  type ReplyPolicy,
  type Verdict,
} from '../../../src/validation/verdict.js';

function reply(verdict: Verdict, policy: Partial<ReplyPolicy> = {}, key = 'alice@example.jp'): string {
  const { status, text } = replyFor(verdict, key, { ...DEFAULT_REPLY_POLICY, ...policy });
  return `${status} ${text}`;
}

test('a deliverable recipient is answered with the key as it was asked', () => {
  expect(reply(DELIVERABLE)).toBe('OK alice@example.jp');
  expect(reply(DELIVERABLE, {}, 'Alice+Lists@EXAMPLE.JP')).toBe('OK Alice+Lists@EXAMPLE.JP');
});

test('a percent sign is doubled, since Sendmail interpolates %0 to %9 in the value', () => {
  expect(reply(DELIVERABLE, {}, 'a%0b%%c%@example.jp')).toBe('OK a%%0b%%%%c%%@example.jp');
  expect(reply(OVERQUOTA, { overQuota: 'ok' }, '%1@example.jp')).toBe('OK %%1@example.jp');
});

test.each([
  [UNKNOWN, {}, 'NOTFOUND Mailbox does not exist'],
  [OVERQUOTA, {}, 'TEMP Over quota'],
  [OVERQUOTA, { overQuota: 'temp' }, 'TEMP Over quota'],
  [OVERQUOTA, { overQuota: 'ok' }, 'OK alice@example.jp'],
  [OVERQUOTA, { overQuota: 'reject' }, 'NOTFOUND Over quota'],
  [REFUSED, {}, 'NOTFOUND Permission denied'],
  [REFUSED, { refused: 'reject' }, 'NOTFOUND Permission denied'],
  [REFUSED, { refused: 'temp' }, 'TEMP Permission denied'],
  [deferred('lmtpd said 451 4.3.0 System I/O error'), {}, 'TEMP lmtpd said 451 4.3.0 System I/O error'],
] as const)('%j under %j is %s', (verdict, policy, expected) => {
  expect(reply(verdict, policy)).toBe(expected);
});

test('the reason of a deferral is one line of printable ASCII of at most 200 characters', () => {
  expect(reply(deferred('two\r\nlines\0 and \xfcmlaut'))).toBe('TEMP two lines  and  mlaut');
  expect(reply(deferred('x'.repeat(1000)))).toBe(`TEMP ${'x'.repeat(200)}`);
});

test('a deferral always has words: Sendmail ends on a reply without a value', () => {
  expect(reply(deferred(''))).toMatch(/^TEMP \S/);
  expect(reply(deferred('\r\n'))).toMatch(/^TEMP \S/);
});
