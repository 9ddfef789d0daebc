import { describe, expect, test } from 'vitest';
import {
  MUPDATE_ACL_MAX_BYTES,
  MUPDATE_LINE_MAX_BYTES,
  MUPDATE_NAME_MAX_BYTES,
  MupdateParser,
} from '../../../../src/cyrus/mupdate/parser.js';
import type { MupdateResponse } from '../../../../src/cyrus/mupdate/response.js';
import { ProtocolError } from '../../../../src/errors.js';

/** Byte for byte as Cyrus 3.6.1 says it. */
const BANNER = [
  '* AUTH "SCRAM-SHA-256" "SCRAM-SHA-1" "CRAM-MD5" "PLAIN"\r\n',
  '* STARTTLS\r\n',
  '* COMPRESS "DEFLATE"\r\n',
  '* PARTIAL-UPDATE\r\n',
  '* OK MUPDATE "mupdate.rig.test" "Cyrus IMAP" "3.6.1-Debian-3.6.1-4+deb12u5" "(master)"\r\n',
].join('');
const MAILBOX =
  'C2 MAILBOX {21+}\r\nexample.jp!user.alice {19+}\r\nb1.rig.test!default {32+}\r\nalice@example.jp\tlrswipkxtecdan\t\r\n';
const ALICE = { kind: 'mailbox', tag: 'C2', name: 'example.jp!user.alice', location: 'b1.rig.test!default' };

function parse(...chunks: readonly string[]): MupdateResponse[] {
  const parser = new MupdateParser();
  const responses: MupdateResponse[] = [];
  for (const chunk of chunks) {
    parser.feed(Buffer.from(chunk, 'latin1'));
    for (let response = parser.next(); response !== undefined; response = parser.next())
      responses.push(response);
  }
  return responses;
}

describe('what Cyrus says', () => {
  test('is a banner that ends with its OK', () => {
    expect(parse(BANNER)).toEqual([
      { kind: 'banner', word: 'AUTH', words: ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN'] },
      { kind: 'banner', word: 'STARTTLS', words: [] },
      { kind: 'banner', word: 'COMPRESS', words: ['DEFLATE'] },
      { kind: 'banner', word: 'PARTIAL-UPDATE', words: [] },
      {
        kind: 'status',
        tag: '*',
        status: 'OK',
        text: 'MUPDATE "mupdate.rig.test" "Cyrus IMAP" "3.6.1-Debian-3.6.1-4+deb12u5" "(master)"',
      },
    ]);
  });

  test.each([
    [MAILBOX, ALICE],
    [
      'C2 MAILBOX {9+}\r\nuser.zoe2 {3+}\r\nb1! {0+}\r\n\r\n',
      { kind: 'mailbox', tag: 'C2', name: 'user.zoe2', location: 'b1!' },
    ],
    [
      'C2 RESERVE {8+}\r\nuser.bob {10+}\r\nb1!default\r\n',
      { kind: 'reserve', tag: 'C2', name: 'user.bob', location: 'b1!default' },
    ],
    ['C2 DELETE {8+}\r\nuser.bob\r\n', { kind: 'delete', tag: 'C2', name: 'user.bob' }],
    ['C2 DELETE {12+}\r\nuser.a b\r\nc"\r\n', { kind: 'delete', tag: 'C2', name: 'user.a b\r\nc"' }],
    ['c2 delete "user.\\"x\\\\"\r\n', { kind: 'delete', tag: 'c2', name: 'user."x\\' }],
    ['C2 DELETE user.bob\r\n', { kind: 'delete', tag: 'C2', name: 'user.bob' }],
    ['C4 NO "undefined error!"\r\n', { kind: 'status', tag: 'C4', status: 'NO', text: '"undefined error!"' }],
    [
      'C10 NO Unknown COMPRESS algorithm: FOO\r\n',
      { kind: 'status', tag: 'C10', status: 'NO', text: 'Unknown COMPRESS algorithm: FOO' },
    ],
    [
      'C1 BAD "Please login first"\r\n',
      { kind: 'status', tag: 'C1', status: 'BAD', text: '"Please login first"' },
    ],
    ['C5 OK\r\n', { kind: 'status', tag: 'C5', status: 'OK', text: '' }],
    ['cj1hYmM=\r\n', { kind: 'bare', text: 'cj1hYmM=' }],
    ['\r\n', { kind: 'bare', text: '' }],
  ])('%j is one response', (bytes, response) => {
    expect(parse(bytes)).toEqual([response]);
    expect(parse(...bytes)).toEqual([response]);
  });

  test('is the same in two pieces, wherever it is cut', () => {
    const bytes = `${BANNER}${MAILBOX}C2 OK "streaming starts"\r\n`;
    const whole = parse(bytes);
    expect(whole).toHaveLength(7);
    for (let at = 1; at < bytes.length; at++)
      expect(parse(bytes.slice(0, at), bytes.slice(at))).toEqual(whole);
  });

  test('is pending until its last byte', () => {
    const parser = new MupdateParser();
    for (const byte of MAILBOX.slice(0, -1)) {
      parser.feed(Buffer.from(byte, 'latin1'));
      expect([parser.next(), parser.pending]).toEqual([undefined, true]);
    }
    parser.feed(Buffer.from('\n'));
    expect([parser.next(), parser.pending]).toEqual([ALICE, false]);
  });
});

describe('what makes no sense', () => {
  test.each([
    ['a name too many', 'C2 DELETE a b\r\n'],
    ['a name too few', 'C2 RESERVE a\r\n'],
    ['no name', 'C2 DELETE\r\n'],
    ['an empty name', 'C2 DELETE \r\n'],
    ['no blank behind a literal', 'C2 RESERVE {1+}\r\na"b!c"\r\n'],
    ['two blanks', 'C2 DELETE  a\r\n'],
    ['a quote that does not end', 'C2 DELETE "a\r\n'],
    ['a word of a quote', 'C2 DELETE a"b\r\n'],
    ['a literal without a length', 'C2 DELETE {+}\r\n'],
    ['a literal that is less than nothing', 'C2 DELETE {-1+}\r\n'],
    ['a literal in the midst', 'C2 RESERVE {1+} a\r\n'],
    ['an unknown command', 'C2 ACTIVATE a b c\r\n'],
    ['no tag', ' OK x\r\n'],
    ['a strange tag', 'C{2 OK x\r\n'],
    ['bytes that are no base64', 'abc!\r\n'],
    ['a banner with rubbish', '* AUTH "PLAIN"x\r\n'],
    ['a line without CR', 'C2 OK x\n'],
  ])('%s ends it, also byte by byte', (_, bytes) => {
    expect(() => parse(bytes)).toThrow(ProtocolError);
    expect(() => parse(...bytes)).toThrow(ProtocolError);
  });

  test('stays at its end', () => {
    const parser = new MupdateParser();
    parser.feed(Buffer.from('x y z\r\nC2 OK\r\n'));
    expect(() => parser.next()).toThrow(ProtocolError);
    expect(() => parser.next()).toThrow(ProtocolError);
  });
});

describe('limits', () => {
  test('a length is judged before its bytes are awaited', () => {
    const name = (bytes: number) => `C2 DELETE {${bytes}+}\r\n`;
    expect(parse(name(MUPDATE_NAME_MAX_BYTES))).toEqual([]);
    expect(() => parse(name(MUPDATE_NAME_MAX_BYTES + 1))).toThrow(
      `mupdate string has ${MUPDATE_NAME_MAX_BYTES + 1} bytes: must be ${MUPDATE_NAME_MAX_BYTES} at most`,
    );
    const acl = (bytes: number) => `C2 MAILBOX a b!c {${bytes}+}\r\n`;
    expect(parse(acl(MUPDATE_ACL_MAX_BYTES))).toEqual([]);
    expect(() => parse(acl(MUPDATE_ACL_MAX_BYTES + 1))).toThrow(ProtocolError);
    expect(() => parse('C2 DELETE {9999999999+}\r\n')).toThrow(ProtocolError);
    expect(() => parse('C2 DELETE {99999999999+}\r\n')).toThrow(ProtocolError);
  });

  test('a name is not longer for being quoted', () => {
    const long = 'a'.repeat(MUPDATE_NAME_MAX_BYTES + 1);
    expect(() => parse(`C2 DELETE "${long}"\r\n`)).toThrow('must be 1024 at most');
    expect(() => parse(`C2 DELETE ${long}\r\n`)).toThrow('must be 1024 at most');
  });

  test('a line that does not end is given up', () => {
    expect(parse(`C2 OK ${'x'.repeat(MUPDATE_LINE_MAX_BYTES - 8)}\r\n`)).toHaveLength(1);
    expect(() => parse(`C2 OK ${'x'.repeat(MUPDATE_LINE_MAX_BYTES)}`)).toThrow(
      `mupdate line has over ${MUPDATE_LINE_MAX_BYTES} bytes`,
    );
  });
});
