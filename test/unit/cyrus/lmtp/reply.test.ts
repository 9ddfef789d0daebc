import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../../../src/errors.js';
import { describeReply, LmtpReplyParser, type LmtpReply } from '../../../../src/cyrus/lmtp/reply.js';

/** As Cyrus' own buffer has it. */
const REPLY_LINE_MAX_BYTES = 4096;
const REPLY_LINES_MAX = 64;

/** Everything that Cyrus 3.6.1 said in one session. */
const SESSION = [
  '220 mail.rig.test Cyrus LMTP 3.6.1-Debian-3.6.1-4+deb12u5 server ready\r\n',
  '250-mail.rig.test\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-SIZE\r\n',
  '250-AUTH EXTERNAL\r\n250-IGNOREQUOTA\r\n250 Ok SESSIONID=<cyrus-1795505762-32-1-14686756403878161952>\r\n',
  '250 2.1.0 ok\r\n',
  '250 2.1.5 ok\r\n',
  '550-Mailbox unknown.  Either there is no mailbox associated with this\r\n',
  '550-name or you do not have authorization to see it.\r\n550 5.1.1 User unknown\r\n',
  '452 4.2.2 Over quota SESSIONID=<cyrus-1>\r\n',
  '250 2.0.0 Ok SESSIONID=<cyrus-2>\r\n',
].join('');

const EXPECTED = [
  [220, '', 1],
  [250, '', 8],
  [250, '2.1.0', 1],
  [250, '2.1.5', 1],
  [550, '5.1.1', 3],
  [452, '4.2.2', 1],
  [250, '2.0.0', 1],
];

function parse(...chunks: readonly string[]): LmtpReply[] {
  const parser = new LmtpReplyParser();
  const replies: LmtpReply[] = [];
  for (const chunk of chunks) {
    parser.feed(Buffer.from(chunk, 'latin1'));
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
  }
  expect(parser.pending).toBe(false);
  return replies;
}

function summary(replies: readonly LmtpReply[]): unknown[] {
  return replies.map(({ code, enhanced, lines }) => [code, enhanced, lines.length]);
}

describe('a whole session', () => {
  test('in one chunk', () => {
    expect(summary(parse(SESSION))).toEqual(EXPECTED);
  });

  test('byte by byte', () => {
    expect(summary(parse(...SESSION))).toEqual(EXPECTED);
  });

  test('split in two at every place', () => {
    for (let at = 0; at <= SESSION.length; at++) {
      expect(summary(parse(SESSION.slice(0, at), SESSION.slice(at)))).toEqual(EXPECTED);
    }
  });
});

describe('a reply', () => {
  test('keeps the text of every line', () => {
    expect(parse('550-one\r\n550-\r\n550 5.1.1 two\r\n')).toEqual([
      { code: 550, enhanced: '5.1.1', lines: ['one', '', '5.1.1 two'] },
    ]);
  });

  test.each([
    ['250\r\n', 250, ''],
    ['250 \r\n', 250, ''],
    ['250 2.1.5\r\n', 250, '2.1.5'],
    ['250 2.1.5 ok\n', 250, '2.1.5'],
    ['250 2.1.5x ok\r\n', 250, ''],
    ['250 2.1 ok\r\n', 250, ''],
    ['250 ok 2.1.5\r\n', 250, ''],
    ['250  2.1.5 ok\r\n', 250, ''],
    ['550-5.1.1 first\r\n550 last\r\n', 550, ''],
    ['250 2.1.5 \xe9t\xe9\r\n', 250, '2.1.5'],
  ])('%j has code %i and enhanced code %j, that of its last line', (bytes, code, enhanced) => {
    expect(parse(bytes)).toMatchObject([{ code, enhanced }]);
  });

  test('that comes again is the same, also where others come between, or only begin alike', () => {
    const again = '550-one\r\n550 5.1.1 two\r\n';
    const replies = parse(
      again,
      again + again.slice(0, 5),
      again.slice(5),
      `${again}250 ok\r\n250 okay\r\n250 ok\r\n`,
    );
    expect(replies.map(describeReply)).toEqual([
      ...['550 5.1.1 two', '550 5.1.1 two', '550 5.1.1 two', '550 5.1.1 two'],
      ...['250 ok', '250 okay', '250 ok'],
    ]);
    expect(replies[1]).toBe(replies[0]);
  });

  test('is described in one line', () => {
    expect(parse('550-one\r\n550 5.1.1 two\r\n').map(describeReply)).toEqual(['550 5.1.1 two']);
    expect(parse('250\r\n').map(describeReply)).toEqual(['250']);
  });
});

describe('what is no reply', () => {
  test.each([
    '\r\n',
    'ok\r\n',
    '25 ok\r\n',
    '2500 ok\r\n',
    '150 ok\r\n',
    '650 ok\r\n',
    '250\tok\r\n',
    '250_ok\r\n',
    ' 250 ok\r\n',
    '250 o\rk\r\n',
    '250 ok\r\r\n',
    '250-one\r\n550 two\r\n',
  ])('%j is never taken for one', (bytes) => {
    const parser = new LmtpReplyParser();
    parser.feed(Buffer.from(bytes, 'latin1'));
    expect(() => parser.next()).toThrow(ProtocolError);
  });

  test('is the end: whatever follows it is not read either', () => {
    const parser = new LmtpReplyParser();
    parser.feed(Buffer.from('hello\r\n250 2.1.5 ok\r\n'));
    const told = [1, 2].map(() => {
      try {
        return parser.next();
      } catch (error) {
        return String(error);
      }
    });
    expect(told).toEqual(Array(2).fill('ProtocolError: lmtp reply "hello" has no code'));
  });

  test('is named by its beginning, however long it is', () => {
    const parser = new LmtpReplyParser();
    parser.feed(Buffer.from(`${'x'.repeat(4000)}\r\n`));
    expect(() => parser.next()).toThrow(`lmtp reply "${'x'.repeat(80)}" has no code`);
  });

  test('a reply without its last line is awaited', () => {
    const parser = new LmtpReplyParser();
    parser.feed(Buffer.from('250-one\r\n'));
    expect(parser.next()).toBeUndefined();
    expect(parser.pending).toBe(true);
  });

  test('a line of the greatest length is taken, one byte more is not, even before its end has come', () => {
    const line = (bytes: number): string => `250 ${'x'.repeat(bytes - 4)}`;
    expect(parse(`${line(REPLY_LINE_MAX_BYTES)}\n`)).toHaveLength(1);
    for (const bytes of [`${line(REPLY_LINE_MAX_BYTES + 1)}\n`, line(REPLY_LINE_MAX_BYTES + 1)]) {
      const parser = new LmtpReplyParser();
      parser.feed(Buffer.from(bytes));
      expect(() => parser.next()).toThrow(`over ${REPLY_LINE_MAX_BYTES} bytes`);
    }
  });

  test('a reply of the greatest number of lines is taken, one more is not', () => {
    expect(parse(`${'250-x\r\n'.repeat(REPLY_LINES_MAX - 1)}250 x\r\n`)).toHaveLength(1);
    const parser = new LmtpReplyParser();
    parser.feed(Buffer.from('250-x\r\n'.repeat(REPLY_LINES_MAX + 1)));
    expect(() => parser.next()).toThrow(`over ${REPLY_LINES_MAX} lines`);
  });
});

test('pending tells whether something is left over', () => {
  const parser = new LmtpReplyParser();
  expect(parser.pending).toBe(false);
  parser.feed(Buffer.from('250 2.1.5 ok\r\n2'));
  expect(parser.next()?.code).toBe(250);
  expect(parser.pending).toBe(true);
  expect(parser.next()).toBeUndefined();
  parser.feed(Buffer.from('50 ok\r\n'));
  expect(parser.next()?.code).toBe(250);
  expect(parser.pending).toBe(false);
});
