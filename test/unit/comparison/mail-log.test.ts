import { expect, test } from 'vitest';
import { addressesOfMailLog } from '../../../src/comparison/mail-log.js';

const SENDMAIL = 'Nov 28 12:00:00 mx sendmail[12]: 5AS3: ';
const POSTFIX = 'Nov 28 12:00:00 mx postfix/';

test.each([
  [
    'what Sendmail delivered',
    `${SENDMAIL}to=<alice@example.jp>, delay=00:00:01, mailer=cyrusv2d`,
    ['alice@example.jp'],
  ],
  [
    'several recipients of Sendmail',
    `${SENDMAIL}to=<alice@example.jp>,<bob@example.jp>, delay=00:00:01`,
    ['alice@example.jp', 'bob@example.jp'],
  ],
  [
    'what Sendmail refused by a ruleset',
    `${SENDMAIL}ruleset=check_rcpt, arg1=<nobody@example.jp>, relay=x [192.0.2.1], reject=550 5.1.1 <nobody@example.jp>... User unknown`,
    ['nobody@example.jp'],
  ],
  ['an unknown user of Sendmail', `${SENDMAIL}<nobody@example.jp>... User unknown`, ['nobody@example.jp']],
  [
    'what Postfix delivered',
    `${POSTFIX}lmtp[3]: ABC: to=<alice@example.jp>, orig_to=<info@example.jp>, relay=x, status=sent`,
    ['alice@example.jp', 'info@example.jp'],
  ],
  [
    'what Postfix refused',
    `${POSTFIX}smtpd[3]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 5.1.1 <nobody@example.jp>: Recipient address rejected: User unknown; from=<a@b.test> to=<nobody@example.jp> proto=ESMTP helo=<x>`,
    ['nobody@example.jp'],
  ],
  ['a quoted local part', `${SENDMAIL}to=<"a b"@example.jp>, delay=1`, ['a b@example.jp']],
])('finds %s', (_, line, addresses) => {
  expect(addressesOfMailLog(line)).toEqual(addresses);
});

test.each([
  ['a sender', `${SENDMAIL}from=<alice@example.jp>, size=1, nrcpts=1, proto=ESMTP, relay=x`],
  ['a message without recipients', `${SENDMAIL}stat=Sent`],
  ['a local user', `${SENDMAIL}to=root, ctladdr=root (0/0), delay=1`],
  ['a file', `${SENDMAIL}to=/var/mail/x@y, delay=1`],
  ['a program', `${SENDMAIL}to="|/usr/bin/x@y", delay=1`],
  ['a line that is too long', `${'x'.repeat(20_000)} to=<alice@example.jp>, `],
])('finds nothing in %s', (_, line) => {
  expect(addressesOfMailLog(line)).toEqual([]);
});

test('takes no time over a line that was written to take it', () => {
  const begun = performance.now();
  for (const each of ['to=', ' to=<a>,', '<', ': <a@b', 'to="', ',', ' to=a,'])
    addressesOfMailLog(each.repeat(16_000 / each.length));
  expect(performance.now() - begun).toBeLessThan(2000);
});
