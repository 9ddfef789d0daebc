import { expect, test } from 'vitest';
import { LmtpReplyParser, type LmtpReply } from '../../../../src/cyrus/lmtp/reply.js';
import { rcptVerdict } from '../../../../src/cyrus/lmtp/rcpt-verdict.js';

function reply(bytes: string): LmtpReply {
  const parser = new LmtpReplyParser();
  parser.feed(Buffer.from(bytes));
  const parsed = parser.next();
  if (parsed === undefined) throw new Error(`no whole reply: ${bytes}`);
  return parsed;
}

/** Every reply that lmtpd of Cyrus 3.2 to 3.12 gives to RCPT (imap/lmtp_err.et, imap/lmtpengine.c), and strangers. */
test.each([
  ['250 2.1.5 ok\r\n', 'deliverable'],
  [
    '550-Mailbox unknown.  Either there is no mailbox associated with this\r\n' +
      '550-name or you do not have authorization to see it.\r\n550 5.1.1 User unknown\r\n',
    'unknown',
  ],
  ['550 5.1.1 User unknown\r\n', 'unknown'],
  [
    '550-You do not have permission to post a message to this mailbox.\r\n' +
      '550-Please contact the owner of this mailbox in order to submit\r\n' +
      '550-your message, or postmaster if you believe you\r\n' +
      '550-received this message in error.\r\n550 5.7.1 Permission denied\r\n',
    'refused',
  ],
  ['452 4.2.2 Over quota SESSIONID=<x>\r\n', 'overquota'],
  ['552 5.2.2 Over quota SESSIONID=<x>\r\n', 'overquota'],
  ['451 4.2.0 Mailbox has an invalid format\r\n', 'deferred'],
  ['451 4.2.1 Mailbox Disabled\r\n', 'deferred'],
  ['451 4.3.0 System I/O error\r\n', 'deferred'],
  ['451 4.3.1 No space left\r\n', 'deferred'],
  ['451 4.4.3 Server(s) unavailable to complete operation\r\n', 'deferred'],
  ['501 5.5.4 Syntax error in parameters\r\n', 'deferred'],
  ['503 5.5.1 Need MAIL command\r\n', 'deferred'],
  ['500 5.5.2 Syntax error\r\n', 'deferred'],
  ['530 Authentication required\r\n', 'deferred'],
  ['430 Authentication required\r\n', 'deferred'],
  ['554 5.6.0 Message contains invalid header\r\n', 'deferred'],
  ['550 5.2.1 Mailbox disabled\r\n', 'deferred'],
  ['550 5.1.0 no\r\n', 'deferred'],
  ['550 5.1.2 no such host\r\n', 'deferred'],
  ['550 User unknown\r\n', 'deferred'],
  ['550 5.1.1x User unknown\r\n', 'deferred'],
  ['550-5.1.1 User unknown\r\n550 in the last line only\r\n', 'deferred'],
  ['551 5.1.1 User unknown\r\n', 'deferred'],
  ['450 5.1.1 User unknown\r\n', 'deferred'],
  ['450 4.1.1 User unknown\r\n', 'deferred'],
  ['550 4.1.1 User unknown\r\n', 'deferred'],
  ['553 5.1.3 bad address\r\n', 'deferred'],
  ['250 ok\r\n', 'deferred'],
  ['250 2.1.0 ok\r\n', 'deferred'],
  ['250 2.0.0 Ok SESSIONID=<x>\r\n', 'deferred'],
  ['251 2.1.5 will forward\r\n', 'deferred'],
  ['252 2.1.5 cannot verify\r\n', 'deferred'],
  ['354 go ahead\r\n', 'deferred'],
])('%j is %s', (bytes, kind) => {
  expect(rcptVerdict(reply(bytes)).kind).toBe(kind);
});

test('of all replies there are only five that are more than a deferral', () => {
  const found: string[] = [];
  for (let code = 200; code < 600; code++) {
    for (const of of [2, 4, 5])
      for (let subject = 0; subject <= 7; subject++)
        for (let detail = 0; detail <= 30; detail++) {
          const enhanced = `${of}.${subject}.${detail}`;
          const { kind } = rcptVerdict({ code, enhanced, lines: [`${enhanced} said`] });
          if (kind !== 'deferred') found.push(`${code} ${enhanced} ${kind}`);
        }
  }
  expect(found).toEqual([
    '250 2.1.5 deliverable',
    '452 4.2.2 overquota',
    '550 5.1.1 unknown',
    '550 5.7.1 refused',
    '552 5.2.2 overquota',
  ]);
});

test('the reason of a deferral is what lmtpd said', () => {
  expect(rcptVerdict(reply('451 4.3.0 System I/O error\r\n'))).toMatchObject({
    kind: 'deferred',
    reason: 'lmtpd said 451 4.3.0 System I/O error',
  });
});

test.each([
  ['451 4.3.0 System I/O error', { said: { code: '451', enhanced: '4.3.0', text: 'System I/O error' } }],
  ['530 Authentication required', { said: { code: '530', enhanced: '', text: 'Authentication required' } }],
  [
    '452 4.2.2 Over quota SESSIONID=<cyrus-1-2-3>',
    { said: { code: '452', enhanced: '4.2.2', text: 'Over quota' }, session: 'cyrus-1-2-3' },
  ],
  [
    '550-Mailbox unknown.\r\n550 5.1.1 User unknown',
    { said: { code: '550', enhanced: '5.1.1', text: 'User unknown' } },
  ],
  ['550 5.1.1 No such user', { said: { code: '550', enhanced: '5.1.1', text: 'No such user' } }],
])('%j has the words of lmtpd as evidence, and the name of its session', (lines, evidence) => {
  expect(Object(rcptVerdict(reply(`${lines}\r\n`))).evidence).toStrictEqual(evidence);
});

test('a yes has none', () => {
  expect(rcptVerdict(reply('250 2.1.5 ok SESSIONID=<cyrus-1-2-3>\r\n'))).toStrictEqual({
    kind: 'deliverable',
  });
});

test('the unknowns of a flood share their evidence', () => {
  const one = rcptVerdict(reply('550 5.1.1 User unknown\r\n'));
  expect(rcptVerdict(reply('550 5.1.1 User unknown\r\n'))).toBe(one);
});

test('of all codes only these are not deferred', () => {
  const decided: string[] = [];
  for (let code = 200; code < 600; code++) {
    for (const enhanced of [
      '2.1.5',
      '4.2.2',
      '5.1.1',
      '5.2.2',
      '5.7.1',
      '2.0.0',
      '2.1.0',
      '4.3.0',
      '5.5.4',
    ]) {
      const text = `${code} ${enhanced}`;
      if (rcptVerdict(reply(`${text} x\r\n`)).kind !== 'deferred') decided.push(text);
    }
  }
  expect(decided).toEqual(['250 2.1.5', '452 4.2.2', '550 5.1.1', '550 5.7.1', '552 5.2.2']);
});
