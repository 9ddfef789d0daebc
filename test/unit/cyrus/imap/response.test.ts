import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ImapResponseParser } from '../../../../src/cyrus/imap/parser.js';
import { capabilitiesOf, type ImapResponse } from '../../../../src/cyrus/imap/response.js';
import { ProtocolError } from '../../../../src/errors.js';

const IMAP_LITERAL_MAX_BYTES = 16_384;
const IMAP_RESPONSE_MAX_BYTES = 65_536;
const IMAP_ITEMS_MAX = 20_000;
const IMAP_NESTING_MAX = 10;

function parse(...chunks: readonly string[]): ImapResponse[] {
  const parser = new ImapResponseParser();
  const responses: ImapResponse[] = [];
  for (const chunk of chunks) {
    parser.feed(Buffer.from(chunk, 'latin1'));
    for (let response = parser.next(); response !== undefined; response = parser.next())
      responses.push(response);
  }
  expect(parser.pending).toBe(false);
  return responses;
}

/** Everything that a Cyrus said in one session of its administrator; with LF in the file, CR LF on the wire. */
function session(name: string): string {
  const file = new URL(`../../../fixtures/imap/${name}.txt`, import.meta.url);
  return readFileSync(file, 'latin1').replaceAll('\n', '\r\n');
}

/** A response with a literal in the middle, one at its end, and an empty one. */
const LITERALS =
  '* LIST () {1}\r\n/ {5+}\r\na"\\\r\n\r\n* QUOTAROOT {0}\r\n {3}\r\n{1}\r\na1 OK {5}\r\n* OK {7}\r\n* BYE x\r\n';

describe.each(['cyrus-3.2.6', 'cyrus-3.6.1', 'cyrus-3.6.1-dots', 'cyrus-3.12.4'])(
  'a session of %s',
  (name) => {
    const bytes = session(name);
    const whole = parse(bytes);

    test('is read to its end, each line a response', () => {
      expect(whole).toHaveLength(bytes.split('\r\n').length - 1);
      expect(whole.filter(({ kind }) => kind === 'other')).toEqual([]);
    });

    test('is the same byte by byte', () => {
      expect(parse(...bytes)).toEqual(whole);
    });

    test('holds what was asked for', () => {
      const separator = name.endsWith('dots') ? '.' : '/';
      const namespace = whole.find(({ kind }) => kind === 'namespace');
      expect(namespace).toEqual({
        kind: 'namespace',
        personal: [],
        otherUsers: [{ prefix: `user${separator}`, separator }],
        shared: [{ prefix: '', separator }],
      });
      const alice = `user${separator}alice@example.jp`;
      const at = whole.findIndex((response) => response.kind === 'tagged' && response.tag === 'a16');
      expect(whole.slice(at - 2, at + 1)).toEqual([
        { kind: 'quotaroot', mailbox: alice, roots: [alice] },
        { kind: 'quota', root: alice, resources: [{ name: 'STORAGE', usage: 0, limit: 1 }] },
        { kind: 'tagged', tag: 'a16', status: 'OK', code: undefined, text: 'Completed' },
      ]);
      expect(whole).toContainEqual({
        kind: 'tagged',
        tag: 'a22',
        status: 'NO',
        code: undefined,
        text: 'Mailbox does not exist',
      });
      expect(whole).toContainEqual({
        kind: 'list',
        attributes: ['\\Noselect', '\\HasChildren'],
        separator,
        mailbox: `user${separator}alice`,
      });
    });
  },
);

describe('literals', () => {
  const whole: ImapResponse[] = [
    { kind: 'list', attributes: [], separator: '/', mailbox: 'a"\\\r\n' },
    { kind: 'quotaroot', mailbox: '', roots: ['{1}'] },
    { kind: 'tagged', tag: 'a1', status: 'OK', code: undefined, text: '{5}' },
    { kind: 'status', status: 'OK', code: undefined, text: '{7}' },
    { kind: 'status', status: 'BYE', code: undefined, text: 'x' },
  ];

  test('in one chunk; a text for people announces none', () => {
    expect(parse(LITERALS)).toEqual(whole);
  });

  test('split in two at every place', () => {
    for (let at = 0; at <= LITERALS.length; at++) {
      expect(parse(LITERALS.slice(0, at), LITERALS.slice(at))).toEqual(whole);
    }
  });
});

test('a literal may stand in a list of lists', () => {
  expect(parse('* NAMESPACE (({5}\r\nuser/ "/")) NIL NIL\r\n')).toEqual([
    { kind: 'namespace', personal: [{ prefix: 'user/', separator: '/' }], otherUsers: [], shared: [] },
  ]);
});

describe('a literal with line ends in it', () => {
  const bytes = '* QUOTAROOT {8}\r\na\r\nb\r\nc\r\r\n';
  const whole = [{ kind: 'quotaroot', mailbox: 'a\r\nb\r\nc\r', roots: [] }];

  test('is read by its length, however it is split', () => {
    for (let at = 0; at <= bytes.length; at++)
      expect(parse(bytes.slice(0, at), bytes.slice(at))).toEqual(whole);
  });

  test('is awaited, though nothing of it has come yet', () => {
    const parser = new ImapResponseParser();
    parser.feed(Buffer.from('* QUOTAROOT {8}\r\n'));
    expect([parser.next(), parser.pending]).toEqual([undefined, true]);
  });
});

describe('each kind of response', () => {
  test.each<[string, ImapResponse]>([
    ['+ cj1hYmM=', { kind: 'continuation', text: 'cj1hYmM=' }],
    ['+ ', { kind: 'continuation', text: '' }],
    ['+', { kind: 'continuation', text: '' }],
    [
      '* OK [CAPABILITY IMAP4rev1 SASL-IR] ready',
      { kind: 'status', status: 'OK', code: 'CAPABILITY IMAP4rev1 SASL-IR', text: 'ready' },
    ],
    ['* preauth hello', { kind: 'status', status: 'PREAUTH', code: undefined, text: 'hello' }],
    ['* BYE', { kind: 'status', status: 'BYE', code: undefined, text: '' }],
    ['a1 no', { kind: 'tagged', tag: 'a1', status: 'NO', code: undefined, text: '' }],
    [
      'a1 BAD [CLIENTBUG] Unrecognized command',
      { kind: 'tagged', tag: 'a1', status: 'BAD', code: 'CLIENTBUG', text: 'Unrecognized command' },
    ],
    ['a1 OK [] done', { kind: 'tagged', tag: 'a1', status: 'OK', code: '', text: 'done' }],
    ['a1 OK [X]done', { kind: 'tagged', tag: 'a1', status: 'OK', code: 'X', text: 'done' }],
    ['a1 NO as [X] says', { kind: 'tagged', tag: 'a1', status: 'NO', code: undefined, text: 'as [X] says' }],
    ['* CAPABILITY', { kind: 'capability', capabilities: [] }],
    ['* CAPABILITY imap4rev1  ACL', { kind: 'capability', capabilities: ['IMAP4REV1', 'ACL'] }],
    [
      '* NAMESPACE (("INBOX." ".")("" NIL "X-A" ("b"))) NIL NIL',
      {
        kind: 'namespace',
        personal: [
          { prefix: 'INBOX.', separator: '.' },
          { prefix: '', separator: undefined },
        ],
        otherUsers: [],
        shared: [],
      },
    ],
    [
      '* LIST (\\Noselect) NIL ""',
      { kind: 'list', attributes: ['\\Noselect'], separator: undefined, mailbox: '' },
    ],
    [
      '* LIST () "." "a \\"b\\" \\\\c" ("CHILDINFO" ("SUBSCRIBED"))',
      { kind: 'list', attributes: [], separator: '.', mailbox: 'a "b" \\c' },
    ],
    ['* LIST () "/" NIL', { kind: 'list', attributes: [], separator: '/', mailbox: 'NIL' }],
    ['* QUOTAROOT user/bob', { kind: 'quotaroot', mailbox: 'user/bob', roots: [] }],
    ['* QUOTAROOT INBOX "" a', { kind: 'quotaroot', mailbox: 'INBOX', roots: ['', 'a'] }],
    ['* QUOTA "" ()', { kind: 'quota', root: '', resources: [] }],
    [
      '* QUOTA a (STORAGE 42 10 message 0 5)',
      {
        kind: 'quota',
        root: 'a',
        resources: [
          { name: 'STORAGE', usage: 42, limit: 10 },
          { name: 'MESSAGE', usage: 0, limit: 5 },
        ],
      },
    ],
    ['* MYRIGHTS shared/info lrs', { kind: 'myrights', mailbox: 'shared/info', rights: 'lrs' }],
    ['* MYRIGHTS a ""', { kind: 'myrights', mailbox: 'a', rights: '' }],
    ['* ACL a', { kind: 'acl', mailbox: 'a', entries: [] }],
    [
      '* ACL "a b" anyone p -eve ""',
      {
        kind: 'acl',
        mailbox: 'a b',
        entries: [
          { identifier: 'anyone', rights: 'p' },
          { identifier: '-eve', rights: '' },
        ],
      },
    ],
    ['* 5 EXISTS', { kind: 'other', name: 'EXISTS' }],
    ['* 12 EXISTS', { kind: 'other', name: 'EXISTS' }],
    ['* 5X EXISTS', { kind: 'other', name: '5X' }],
    ['* X5 EXISTS', { kind: 'other', name: 'X5' }],
    ['* 1 FETCH (FLAGS ())', { kind: 'other', name: 'FETCH' }],
    ['* FLAGS (\\Answered)', { kind: 'other', name: 'FLAGS' }],
  ])('%s', (line, response) => {
    expect(parse(`${line}\r\n`)).toEqual([response]);
  });
});

describe('what imapd says though nobody has asked', () => {
  const anytime = (line: string): boolean => {
    const [response] = parse(`${line}\r\n`);
    if (response === undefined) throw new Error('no response');
    return new ImapResponseParser().mayComeAnytime(response);
  };

  test.each([
    ['* OK [ALERT] maintenance', true],
    ['* NO beware', true],
    ['* 5 EXISTS', true],
    ['c1 OK done', false],
    ['+ go on', false],
  ])('%s: may come at any time is %s', (line, may) => {
    expect(anytime(line)).toBe(may);
  });

  test('a BYE is the end', () => {
    expect(() => anytime('* BYE going down')).toThrow('imapd said BYE going down');
  });
});

describe('what is no response ends the conversation', () => {
  test.each([
    ['an empty line', '\r\n'],
    ['a line without CR', '* OK ready\n'],
    ['a greeting of another protocol', '220 mail.rig.test ESMTP\r\n'],
    ['a tag without status', 'a1\r\n'],
    ['a status that is none', 'a1 PERHAPS\r\n'],
    ['a tag behind other words', 'yes a1 OK\r\n'],
    ['a tag that would be a pattern', 'a* OK\r\n'],
    ['nothing after the star', '* \r\n'],
    ['a star alone', '*\r\n'],
    ['LIST without a mailbox', '* LIST () "/"\r\n'],
    ['LIST without a separator', '* LIST () a b\r\n'],
    ['LIST without attributes', '* LIST "/" a\r\n'],
    ['LIST with more behind the mailbox', '* LIST () "/" a)\r\n'],
    ['LIST with another character for a space', '* LIST ()x"/" a\r\n'],
    ['LIST with a quote for the end of a list', '* LIST (a" "/" b\r\n'],
    ['QUOTAROOT without a mailbox', '* QUOTAROOT \r\n'],
    ...['(', '"', '{', '\x7f', '\\', ')', '\t'].map((stranger): [string, string] => [
      `a name with ${JSON.stringify(stranger)} in it`,
      `* QUOTAROOT a${stranger}b\r\n`,
    ]),
    ['a string without end', '* QUOTAROOT "a\r\n'],
    ['a string that ends in a backslash', '* QUOTAROOT "a\\"\r\n'],
    ['a backslash before another character', '* QUOTAROOT "a\\b"\r\n'],
    ['a list without end', '* LIST (\\A "/" a\r\n'],
    ['a literal that is none', '* QUOTAROOT {x}\r\n'],
    ['a length in the middle of a line', '* QUOTAROOT {1} a\r\n'],
    ['a length in the middle of a line, and a literal at its end', '* QUOTAROOT {1} {1}\r\na\r\n'],
    ['a length in the middle of a line, and a literal in a string', '* QUOTAROOT {1} "x{1}\r\na"\r\n'],
    ['two literals where the second is no value', '* QUOTA {1}\r\na{1}\r\nb\r\n'],
    ['QUOTA without a list', '* QUOTA a\r\n'],
    ['QUOTA without a limit', '* QUOTA a (STORAGE 1)\r\n'],
    ['QUOTA with a negative usage', '* QUOTA a (STORAGE -1 5)\r\n'],
    ['QUOTA with a number that ends in a word', '* QUOTA a (STORAGE 5x 5)\r\n'],
    ['QUOTA with words for numbers', '* QUOTA a (STORAGE many 5)\r\n'],
    ['MYRIGHTS without rights', '* MYRIGHTS a\r\n'],
    ['ACL with half an entry', '* ACL a anyone\r\n'],
    ['NAMESPACE with two of three', '* NAMESPACE NIL NIL\r\n'],
    ['NAMESPACE with a string', '* NAMESPACE "a" NIL NIL\r\n'],
    ['NAMESPACE with an atom', '* NAMESPACE a NIL NIL\r\n'],
    ['NAMESPACE with a string for an entry', '* NAMESPACE ("ab") NIL NIL\r\n'],
    ['NAMESPACE with NIL for an entry', '* NAMESPACE (NIL) NIL NIL\r\n'],
    ['NAMESPACE with a list for a separator', '* NAMESPACE (("a" ("b"))) NIL NIL\r\n'],
    ['NAMESPACE with an empty entry', '* NAMESPACE (()) NIL NIL\r\n'],
  ])('%s', (_, bytes) => {
    const parser = new ImapResponseParser();
    parser.feed(Buffer.from(bytes, 'latin1'));
    expect(() => parser.next()).toThrow(ProtocolError);
  });
});

describe('limits', () => {
  const filled = (bytes: number) => `* X ${'x'.repeat(bytes - '* X \r\n'.length)}\r\n`;

  test(`a response of ${IMAP_RESPONSE_MAX_BYTES} bytes is taken, one byte more is refused`, () => {
    expect(parse(filled(IMAP_RESPONSE_MAX_BYTES))).toHaveLength(1);
    expect(() => parse(filled(IMAP_RESPONSE_MAX_BYTES + 1))).toThrow(`over ${IMAP_RESPONSE_MAX_BYTES} bytes`);
  });

  test('a line that never ends is refused when it is too long', () => {
    const parser = new ImapResponseParser();
    parser.feed(Buffer.alloc(IMAP_RESPONSE_MAX_BYTES, 'x'));
    expect(parser.next()).toBeUndefined();
    parser.feed(Buffer.from('x'));
    expect(() => parser.next()).toThrow(ProtocolError);
  });

  test('a literal is refused by its length, before its bytes have come', () => {
    const literal = 'x'.repeat(IMAP_LITERAL_MAX_BYTES);
    expect(parse(`* QUOTAROOT {${literal.length}}\r\n${literal}\r\n`)).toHaveLength(1);
    for (const length of [`${IMAP_LITERAL_MAX_BYTES + 1}`, '9999999999', '99999999999']) {
      const parser = new ImapResponseParser();
      parser.feed(Buffer.from(`* QUOTAROOT {${length}}\r\n`));
      expect(() => parser.next()).toThrow(ProtocolError);
    }
  });

  test('literals count for the length of a response', () => {
    const part = `{${IMAP_LITERAL_MAX_BYTES}}\r\n${'x'.repeat(IMAP_LITERAL_MAX_BYTES)}`;
    expect(() => parse(`* QUOTAROOT ${[part, part, part, part].join(' ')}\r\n`)).toThrow(
      `over ${IMAP_RESPONSE_MAX_BYTES} bytes`,
    );
  });

  test(`lists in ${IMAP_NESTING_MAX} lists are read, deeper ones refused`, () => {
    const nested = (depth: number) => `* LIST () "/" a ${'('.repeat(depth)}x${')'.repeat(depth)}\r\n`;
    expect(parse(nested(IMAP_NESTING_MAX))).toHaveLength(1);
    expect(() => parse(nested(IMAP_NESTING_MAX + 1))).toThrow(ProtocolError);
  });

  test(`${IMAP_ITEMS_MAX} items are read, one more is refused`, () => {
    const items = (count: number) => `* QUOTAROOT${' x'.repeat(count)}\r\n`;
    expect(parse(items(IMAP_ITEMS_MAX))).toHaveLength(1);
    expect(() => parse(items(IMAP_ITEMS_MAX + 1))).toThrow(`over ${IMAP_ITEMS_MAX} items`);
  });
});

test('responses come one at a time, however many have come', () => {
  const parser = new ImapResponseParser();
  parser.feed(Buffer.from('a1 OK\r\na2 OK\r\na3 O'));
  expect(parser.next()).toMatchObject({ tag: 'a1' });
  expect(parser.pending).toBe(true);
  expect(parser.next()).toMatchObject({ tag: 'a2' });
  expect(parser.next()).toBeUndefined();
  expect(parser.pending).toBe(true);
  parser.feed(Buffer.from('K\r\n'));
  expect(parser.next()).toMatchObject({ tag: 'a3' });
  expect(parser.pending).toBe(false);
});

test('a parser that has thrown goes on throwing', () => {
  const parser = new ImapResponseParser();
  parser.feed(Buffer.from('* QUOTA a\r\na1 OK\r\n'));
  expect(() => parser.next()).toThrow(ProtocolError);
  expect(() => parser.next()).toThrow(ProtocolError);
});

test('capabilities are read from a code, too', () => {
  expect(capabilitiesOf('IMAP4rev1 AUTH=PLAIN')).toEqual(['IMAP4REV1', 'AUTH=PLAIN']);
});

test('what is read of a LIST response does not depend on the one before it', () => {
  const heads = ['* LIST () "/" ', '* LIST (\\Noselect \\HasChildren) "." ', '* LIST (a) NIL '];
  const names = [
    'user/alice@example.jp',
    '"user/a b"',
    'NIL',
    '"x"',
    '""',
    'a (x) a',
    'a (x) b',
    '"user',
    'a a',
    'a]b',
    'user/b',
  ];
  const lines = heads.flatMap((head) => names.map((name) => `${head}${name}\r\n`));
  // Behind a line that is refused nothing is read any more.
  const taken = lines.filter((line) => outcomes(line)[0] !== 'refused');
  for (const first of taken) {
    for (const line of lines) expect(outcomes(first, line)).toEqual([...outcomes(first), ...outcomes(line)]);
  }
});

test.each(['"/"', 'NIL'])(
  'a list with the separator %s holds once what all its lines begin with',
  (separator) => {
    const names = ['user/alice', 'user/b', 'info@example.jp'];
    const lines = parse(...names.map((name) => `* LIST (\\HasNoChildren) ${separator} ${name}\r\n`));
    const attributes = lines.map((line) => (line.kind === 'list' ? line.attributes : undefined));
    expect(attributes[0]).toEqual(['\\HasNoChildren']);
    expect(attributes[1]).toBe(attributes[0]);
    expect(attributes[2]).toBe(attributes[0]);
  },
);

/** What comes of each line; after one that is refused of those behind it no more than that. */
function outcomes(...lines: readonly string[]): unknown[] {
  const parser = new ImapResponseParser();
  parser.feed(Buffer.from(lines.join('')));
  return lines.map(() => {
    try {
      return parser.next();
    } catch (error) {
      return error instanceof ProtocolError ? 'refused' : error;
    }
  });
}

test('an error says what is missing, and where', () => {
  expect(() => parse('* QUOTAROOT a "b\r\n')).toThrow('has no end of a string at byte 14');
});

test('of a long line that is none the error has only the beginning', () => {
  expect(() => parse(`${'x'.repeat(1_000)}\r\n`)).toThrow(
    `imap response "${'x'.repeat(80)}" has no form that RFC 3501 gives`,
  );
  expect(() => parse(`* QUOTA a ${'x'.repeat(1_000)}\r\n`)).toThrow(
    `imap response "* QUOTA a ${'x'.repeat(70)}" has no list at byte 10`,
  );
  expect(() => parse(`* OK ${'x'.repeat(1_000)}\n`)).toThrow(
    `imap response line "* OK ${'x'.repeat(75)}" does not end with CR LF`,
  );
});

test('a line of one byte behind a literal that ends with CR is no line', () => {
  expect(() => parse('* LIST () "/" {1}\r\n\r\n')).toThrow('does not end with CR LF');
});
