import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { formatReply, formatRequest, parseReply, parseRequest } from '../../../src/socketmap/protocol.js';

describe('parseRequest', () => {
  test.each([
    ['cyrus alice@example.jp', 'cyrus', 'alice@example.jp'],
    ['cyrus a b@example.jp', 'cyrus', 'a b@example.jp'],
    ['cyrus  alice', 'cyrus', ' alice'],
    [' alice@example.jp', '', 'alice@example.jp'],
    ['cyrus ', 'cyrus', ''],
    [' ', '', ''],
    ['cyrus \xc3\xa9mile@example.jp', 'cyrus', '\xc3\xa9mile@example.jp'],
  ])('splits %j at its first space', (payload, map, key) => {
    expect(parseRequest(payload)).toEqual({ map, key });
  });

  test.each(['', 'cyrus', 'alice@example.jp', 'cyrus\talice'])('refuses %j, which has none', (payload) => {
    expect(() => parseRequest(payload)).toThrow(ProtocolError);
    expect(() => parseRequest(payload)).toThrow('missing key');
  });
});

describe('formatRequest', () => {
  test('writes the bytes that Sendmail writes', () => {
    expect(formatRequest('cyrus', 'alice@example.jp')).toBe('22:cyrus alice@example.jp,');
  });
});

describe('formatReply', () => {
  test.each([
    [{ status: 'OK', text: 'alice@example.jp' } as const, '19:OK alice@example.jp,'],
    [{ status: 'OK', text: '\xc3\xa9' } as const, '5:OK \xc3\xa9,'],
    [{ status: 'NOTFOUND', text: 'Mailbox does not exist' } as const, '31:NOTFOUND Mailbox does not exist,'],
    [{ status: 'TEMP', text: 'Over quota' } as const, '15:TEMP Over quota,'],
    [{ status: 'TEMP', text: '' } as const, '5:TEMP ,'],
  ])('writes %j as smmapd does', (reply, bytes) => {
    expect(formatReply(reply)).toBe(bytes);
  });

  test('never writes an OK without a value, which kills Sendmail', () => {
    expect(formatReply({ status: 'OK', text: '' })).toBe('28:TEMP no value to answer with,');
  });
});

describe('parseReply', () => {
  test('tells only the beginning of a long word that is no status', () => {
    expect(() => parseReply('X'.repeat(10_000))).toThrow(`status "${'X'.repeat(40)}": must be OK, NOTFOUND`);
  });

  test.each([
    ['OK alice@example.jp', 'OK', 'alice@example.jp'],
    ['OK a b', 'OK', 'a b'],
    ['NOTFOUND Mailbox does not exist', 'NOTFOUND', 'Mailbox does not exist'],
    ['NOTFOUND ', 'NOTFOUND', ''],
    ['NOTFOUND', 'NOTFOUND', ''],
    ['TEMP Over quota', 'TEMP', 'Over quota'],
    ['TIMEOUT', 'TIMEOUT', ''],
    ['PERM Permission denied', 'PERM', 'Permission denied'],
  ])('reads %j', (payload, status, text) => {
    expect(parseReply(payload)).toEqual({ status, text });
  });

  test.each(['OK', 'OK ', '', ' ', 'ok alice', 'OKAY alice', 'NOTFOUND\n', ' OK alice', 'toString x'])(
    'refuses %j',
    (payload) => {
      expect(() => parseReply(payload)).toThrow(ProtocolError);
    },
  );
});
