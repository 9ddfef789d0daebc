import { beforeEach, describe, expect, test } from 'vitest';
import { saslCarrier } from '../../../../src/cyrus/lmtp/sasl-carrier.js';
import type { Carrier } from '../../../../src/cyrus/sasl/exchange.js';
import { ProtocolError } from '../../../../src/errors.js';
import { wired, type Wired } from './wired.js';

const SECRET = 'AGN5cnVzAHNlY3JldA==';
/** What lmtpd says to the commands, one after the other. */
let replies: string[];
let rig: Wired;
let carrier: Carrier;

beforeEach(async () => {
  rig = await wired();
  await rig.dialogue.greeting(5_000);
  rig.lmtpd.override = () => replies.shift();
  carrier = saslCarrier(rig.dialogue, rig.trace, 5_000);
  rig.lines.length = 0;
});

test('the first response stands on the line of AUTH, where there is one', async () => {
  expect(carrier.takesInitialResponse).toBe(true);
  replies = ['235 2.7.0 ok\r\n', '334 PDEyMz4=\r\n'];
  expect(await carrier.start('PLAIN', SECRET)).toEqual({ kind: 'success', data: undefined });
  expect(await carrier.start('CRAM-MD5', undefined)).toEqual({ kind: 'challenge', data: 'PDEyMz4=' });
  expect(rig.lmtpd.commands).toEqual([`AUTH PLAIN ${SECRET}`, 'AUTH CRAM-MD5']);
});

test('what stands for a password is shown to nobody, and what comes after the login is', async () => {
  replies = ['235 2.7.0 ok\r\n', '250 2.0.0 Ok\r\n'];
  await carrier.start('PLAIN', SECRET);
  await rig.dialogue.command('RSET', 5_000);
  expect(rig.lines).toEqual(['> AUTH PLAIN ***', '< 235 2.7.0 ok', '> RSET', '< 250 2.0.0 Ok']);
});

test('nor are challenges and the responses to them', async () => {
  replies = ['334 PDEyMz4=\r\n', '334 bW9yZQ==\r\n', '535 5.7.8 no\r\n', '250 2.0.0 Ok\r\n'];
  await carrier.start('CRAM-MD5', undefined);
  await carrier.respond('c2VjcmV0');
  await carrier.respond('c2VjcmV1');
  await rig.dialogue.command('RSET', 5_000);
  expect(rig.lmtpd.commands).toEqual(['AUTH CRAM-MD5', 'c2VjcmV0', 'c2VjcmV1', 'RSET']);
  expect(rig.lines).toEqual([
    ...['> AUTH CRAM-MD5', '< 334 ***', '> ***', '< 334 ***', '> ***', '< 535 5.7.8 no'],
    ...['> RSET', '< 250 2.0.0 Ok'],
  ]);
});

describe('the reply to AUTH', () => {
  test.each([
    ['400 later', '400 later'],
    ['535-5.7.8 one', '535 5.7.8 authentication failure'],
  ])('%s: the login is refused, in the last words of lmtpd', async (first, last) => {
    replies = [first === last ? `${first}\r\n` : `${first}\r\n${last}\r\n`];
    expect(await carrier.start('PLAIN', SECRET)).toEqual({ kind: 'failure', text: last });
  });

  test('in several lines is one challenge', async () => {
    replies = ['334-PDEy\r\n334 Mz4=\r\n'];
    expect(await carrier.start('CRAM-MD5', undefined)).toEqual({ kind: 'challenge', data: 'PDEyMz4=' });
  });

  test.each(['250 2.0.0 Ok', '220 hello', '354 go ahead'])('%s is none', async (reply) => {
    replies = [`${reply}\r\n`];
    await expect(carrier.start('PLAIN', SECRET)).rejects.toThrow(ProtocolError);
  });
});
