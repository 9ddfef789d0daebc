import { describe, expect, test } from 'vitest';
import {
  DEFAULT_DLIST_LIMITS,
  DlistParser,
  type DlistCommand,
  type DlistValue,
} from '../../../../src/cyrus/events/dlist.js';
import { ProtocolError } from '../../../../src/errors.js';

function parser(limits = {}): DlistParser {
  return new DlistParser({ ...DEFAULT_DLIST_LIMITS, ...limits });
}

function parse(chunks: readonly string[], limits = {}): DlistCommand[] {
  const one = parser(limits);
  const commands: DlistCommand[] = [];
  for (const chunk of chunks) {
    one.feed(Buffer.from(chunk, 'latin1'));
    for (let command = one.next(); command !== undefined; command = one.next()) commands.push(command);
  }
  return commands;
}

/** What stands behind `X `. */
function valueOf(text: string, limits = {}): DlistValue | undefined {
  return parse([`X ${text}\r\n`], limits)[0]?.value;
}

function map(entries: Record<string, DlistValue>): DlistValue {
  return new Map(Object.entries(entries));
}

describe('a value', () => {
  test.each<[string, DlistValue]>([
    ['atom', 'atom'],
    ['12', '12'],
    ['alice@example.jp', 'alice@example.jp'],
    ['NIL', null],
    ['nil', 'nil'],
    ['"NIL"', 'NIL'],
    ['""', ''],
    ['"two words"', 'two words'],
    ['"a \\"b\\" \\\\c"', 'a "b" \\c'],
    ['"(%{"', '(%{'],
    ['()', []],
    ['(a "b c" NIL)', ['a', 'b c', null]],
    ['((a) ())', [['a'], []]],
    ['%()', map({})],
    ['%(A 1 B (c d) C %(D NIL))', map({ A: '1', B: ['c', 'd'], C: map({ D: null }) })],
    ['{3+}\r\na)\n', 'a)\n'],
    ['{3}\na\r\n', 'a\r\n'],
    ['{0+}\r\n', ''],
    ['%(A {2+}\r\n"( B {1+}\r\n\xff)', map({ A: '"(', B: '\xff' })],
    ['({4+}\r\n{2+} {2+}\r\n\r\n)', ['{2+}', '\r\n']],
  ])('%j is %j', (text, value) => {
    expect(valueOf(text)).toEqual(value);
  });

  test.each([
    '',
    ' a',
    'a ',
    'a b',
    '(a',
    'a)',
    '(a b',
    '(a  b)',
    '( a)',
    '(a )',
    '(a)b',
    '%a',
    '%x)',
    '%)A 1)',
    '()"a"',
    '"{2+}',
    '%(A)',
    '%(A 1 B)',
    '%(A 1 A 2)',
    '%("A" 1)',
    '%(() 1)',
    '"a',
    '"a"b',
    '"a\\',
    '{3}',
    '{3+}x\r\nabc',
    '{x}\r\n',
    'a{2}\r\nab',
    '"{2+}\r\nab',
    '{{2+}\r\nab',
    '({{2+}\r\na)',
    '{2}x{2}\r\nab',
  ])('%j is none', (text) => {
    const one = parser();
    // What follows is there for a literal that is announced, and belongs to no other command.
    one.feed(Buffer.from(`X ${text}\r\n${'x'.repeat(10)}\r\n`));
    expect(() => one.next()).toThrow(ProtocolError);
  });

  test('what is wrong is said, and where', () => {
    expect(() => valueOf('%(A 1 A 2)')).toThrow('dlist has A twice');
    expect(() => valueOf('(a )')).toThrow('dlist has ")" at byte 5: must be an atom');
    expect(() => valueOf('{2}x')).toThrow('must be a literal');
    expect(() => valueOf('("{7+}\r\n" {9}\nx)')).toThrow('must be a whole literal');
    expect(() => valueOf('%(A (b c)')).toThrow('dlist has "" at byte 11: must be a space');
    expect(() => valueOf('a b')).toThrow('dlist has " b" at byte 3: must be the end');
    expect(() => valueOf(`a ${'b'.repeat(100)}`)).toThrow(
      `dlist has " ${'b'.repeat(19)}" at byte 3: must be the end`,
    );
  });
});

describe('a stream', () => {
  const first = 'NOTIFY %(METHOD external OPTIONS () MESSAGE {9+}\r\n{"a":1}\r\n FILEPATH NIL)\r\n';
  const second = 'X "y"\n';

  test('commands come out one by one, each as it came in', () => {
    const commands = parse([first + second + first]);
    expect(commands.map(({ bytes }) => bytes)).toEqual([first, second, first]);
    expect(commands.map(({ name }) => name)).toEqual(['NOTIFY', 'X', 'NOTIFY']);
  });

  test('the same however it is split', () => {
    const bytes = first + second + first;
    const whole = parse([bytes]);
    expect(parse([...bytes])).toEqual(whole);
    for (let i = 0; i <= bytes.length; i++) {
      expect(parse([bytes.slice(0, i), bytes.slice(i)])).toEqual(whole);
    }
  });

  test('nothing comes out before its last byte, and then nothing is pending', () => {
    const one = parser();
    for (const byte of first.slice(0, -1)) {
      one.feed(Buffer.from(byte, 'latin1'));
      expect(one.next()).toBeUndefined();
      expect(one.pending).toBe(true);
    }
    one.feed(Buffer.from('\n'));
    expect(one.next()?.name).toBe('NOTIFY');
    expect([one.next(), one.pending]).toEqual([undefined, false]);
  });

  test('a literal of which nothing has come yet is awaited', () => {
    const one = parser();
    one.feed(Buffer.from('X {5+}\r\n'));
    expect([one.next(), one.pending]).toEqual([undefined, true]);
    one.feed(Buffer.from('a\r\nb'));
    expect(one.next()).toBeUndefined();
    one.feed(Buffer.from('c\r\n'));
    expect(one.next()?.value).toBe('a\r\nbc');
  });

  test('after what is no dlist nothing comes out any more', () => {
    const one = parser();
    one.feed(Buffer.from('nonsense\r\nX y\r\n'));
    expect(() => one.next()).toThrow(ProtocolError);
    expect(() => one.next()).toThrow(ProtocolError);
  });
});

describe('limits', () => {
  const tooLong = 'dlist command has over 50 bytes';

  test('a command of the longest length is taken, one byte more is not', () => {
    const limits = { maxCommandBytes: 50 };
    const fits = `X ${'a'.repeat(46)}\r\n`;
    expect(parse([fits, fits], limits)).toHaveLength(2);
    expect(() => parse([`X ${'a'.repeat(47)}\r\n`], limits)).toThrow(tooLong);
  });

  test('a line without end is refused once it is too long', () => {
    const one = parser({ maxCommandBytes: 50 });
    one.feed(Buffer.from('a'.repeat(50)));
    expect(one.next()).toBeUndefined();
    one.feed(Buffer.from('a'));
    expect(() => one.next()).toThrow(tooLong);
  });

  test('a literal is judged by its announced length, before a byte of it has come', () => {
    expect(() => parse(['X {43+}\r\n'], { maxCommandBytes: 50 })).toThrow(tooLong);
    expect(() => parse(['X {9999999999+}\r\n'])).toThrow(ProtocolError);
    expect(parse(['X {37+}\r\n', 'b'.repeat(37), '\r\n'], { maxCommandBytes: 50 })).toHaveLength(1);
  });

  test('literals that are short each are too long together', () => {
    const pieces = 'a {5+}\r\nbbbbb '.repeat(5);
    expect(() => parse([`X %(${pieces})\r\n`], { maxCommandBytes: 50 })).toThrow(tooLong);
  });

  test('depth', () => {
    expect(valueOf('((a))', { maxDepth: 2 })).toEqual([['a']]);
    expect(() => valueOf('(((a)))', { maxDepth: 2 })).toThrow('dlist is over 2 levels deep');
    expect(() => valueOf('%(A %(B %(C a)))', { maxDepth: 2 })).toThrow('dlist is over 2 levels deep');
    expect(() => valueOf('('.repeat(100_000))).toThrow('dlist is over 8 levels deep');
  });

  test('items', () => {
    expect(valueOf('(a b)', { maxItems: 3 })).toEqual(['a', 'b']);
    expect(() => valueOf('(a b c)', { maxItems: 3 })).toThrow('dlist has over 3 items');
    expect(() => valueOf('%(A () B () C ())', { maxItems: 3 })).toThrow('dlist has over 3 items');
  });
});
