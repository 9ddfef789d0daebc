import { beforeEach, describe, expect, test } from 'vitest';
import { saslCarrier } from '../../../../src/cyrus/imap/sasl-carrier.js';
import type { Carrier } from '../../../../src/cyrus/sasl/exchange.js';
import { ProtocolError, UnavailableError } from '../../../../src/errors.js';
import { wired, type Wired } from './wired.js';

const SECRET = 'AGN5cnVzAHNlY3JldA==';

/** What imapd says to the lines that we send, one after the other. */
let replies: string[];
let ended: string[];
let rig: Wired;

beforeEach(async () => {
  rig = await wired();
  ended = [];
  await rig.dialogue.greeting(5_000);
  rig.imapd.server.override = () => replies.shift();
  rig.lines.length = 0;
});

function carrier(withInitialResponse = true): Carrier {
  return saslCarrier(rig.connection, rig.trace, 'c1', withInitialResponse, 5_000, (text) => ended.push(text));
}

test.each([true, false])('the first response may stand on the line of the command: %s', async (may) => {
  expect(carrier(may).takesInitialResponse).toBe(may);
  replies = ['c1 OK [CAPABILITY X] welcome SESSIONID=<a>\r\n'];
  const reply = await carrier(may).start('PLAIN', may ? SECRET : undefined);
  expect(reply).toEqual({ kind: 'success', data: undefined });
  expect(rig.imapd.server.commands).toEqual([
    may ? `c1 AUTHENTICATE PLAIN ${SECRET}` : 'c1 AUTHENTICATE PLAIN',
  ]);
  expect(ended).toEqual(['welcome SESSIONID=<a>']);
});

test('secrets are shown to nobody, and what comes after the login is', async () => {
  replies = ['+ PDEyMz4=\r\n', '+ bW9yZQ==\r\n', '* OK wait\r\nc1 NO no\r\n', 'c2 OK done\r\n'];
  const one = carrier();
  expect(await one.start('PLAIN', SECRET)).toEqual({ kind: 'challenge', data: 'PDEyMz4=' });
  expect(await one.respond('c2VjcmV0')).toEqual({ kind: 'challenge', data: 'bW9yZQ==' });
  expect(ended).toEqual([]);
  expect(await one.respond('c2VjcmV1')).toEqual({ kind: 'failure', text: 'no' });
  rig.dialogue.nextTag();
  await rig.dialogue.ask(['NOOP'], 5_000);
  expect(rig.imapd.server.commands.slice(1)).toEqual(['c2VjcmV0', 'c2VjcmV1', 'c2 NOOP']);
  expect(rig.lines).toEqual([
    ...['> c1 AUTHENTICATE PLAIN ***', '< + ***', '> ***', '< + ***', '> ***', '< * OK wait', '< c1 NO no'],
    ...['> c2 NOOP', '< c2 OK done'],
  ]);
});

test('a command without a first response is shown as it is', async () => {
  replies = ['c1 OK done\r\n'];
  await carrier(false).start('EXTERNAL', undefined);
  expect(rig.lines[0]).toBe('> c1 AUTHENTICATE EXTERNAL');
});

describe('what is no answer to a login', () => {
  test.each<[string, string, new (message: string) => Error]>([
    ['the answer to another command', 'c7 OK done\r\n', ProtocolError],
    ['a BYE', '* BYE going down\r\n', UnavailableError],
    ['a PREAUTH', '* PREAUTH hello\r\n', ProtocolError],
    ['more than a hundred other responses', `${'* OK wait\r\n'.repeat(101)}c1 OK done\r\n`, ProtocolError],
  ])('%s', async (_, reply, error) => {
    replies = [reply];
    await expect(carrier().start('PLAIN', SECRET)).rejects.toThrow(error);
  });

  test('but a hundred responses with it are taken', async () => {
    replies = [`${'* OK wait\r\n'.repeat(99)}c1 OK done\r\n`];
    expect(await carrier().start('PLAIN', SECRET)).toMatchObject({ kind: 'success' });
  });
});
