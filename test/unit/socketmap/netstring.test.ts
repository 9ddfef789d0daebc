import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { NetstringDecoder, encodeNetstring } from '../../../src/socketmap/netstring.js';

/** What a decoder makes of chunks: the payloads, and what was wrong at the end. */
function decode(chunks: readonly Buffer[], maxBytes?: number): { payloads: string[]; error?: string } {
  const decoder = new NetstringDecoder(maxBytes);
  const payloads: string[] = [];
  try {
    for (const chunk of chunks) {
      decoder.feed(chunk);
      for (let payload = decoder.next(); payload !== undefined; payload = decoder.next())
        payloads.push(payload);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { payloads, error: error.message };
  }
  return { payloads };
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** In one chunk, byte by byte, and in two chunks split at every place. */
function everySplit(text: string): Buffer[][] {
  const whole = bytes(text);
  const single = Array.from(whole, (byte) => Buffer.of(byte));
  const pairs = Array.from(whole, (_, at) => [whole.subarray(0, at), whole.subarray(at)]);
  return [[whole], single, ...pairs];
}

const ALL_BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));

describe('NetstringDecoder', () => {
  test.each([
    ['one', '5:hello,', ['hello']],
    ['an empty one', '0:,', ['']],
    ['several', '1:a,0:,2:bc,', ['a', '', 'bc']],
    ['lengths of any digits', '9:123456789,19:1234567890123456789,', ['123456789', '1234567890123456789']],
    ['commas and colons inside', '5:1:a,,,', ['1:a,,']],
    ['a request of Sendmail', '22:cyrus alice@example.jp,', ['cyrus alice@example.jp']],
    ['8-bit bytes', '5:\xc3\xa9\0\xff\n,', ['\xc3\xa9\0\xff\n']],
    ['every byte there is', `256:${ALL_BYTES},`, [ALL_BYTES]],
    ['what is not complete', '3:abc,5:hel', ['abc']],
    ['a length alone', '3:abc,12', ['abc']],
    ['a payload without its comma', '3:abc,3:def', ['abc']],
  ])('reads %s, however it is split', (_, text, payloads) => {
    for (const chunks of everySplit(text)) expect(decode(chunks)).toEqual({ payloads });
  });

  test.each([
    ['a leading zero', '05:hello,', 'leading zero'],
    ['two zeros', '00:,', 'leading zero'],
    ['no length', ':hello,', '0x3a'],
    ['a sign', '-5:abc,', '0x2d'],
    ['a space before the length', ' 5:hello,', '0x20'],
    ['a space behind the length', '5 :hello,', '0x20'],
    ['a newline', '\n5:hello,', '0x0a'],
    ['a hexadecimal length', '0x5:hello,', '0x78'],
    ['a letter', 'GET / HTTP/1.1', '0x47'],
    ['no comma', '5:hello;', '0x3b'],
    ['a payload longer than announced', '5:hellos,', '0x73'],
    ['a payload shorter than announced', '5:hell,1:a,', '0x31'],
    ['no comma after nothing', '0:x', '0x78'],
  ])('refuses %s, however it is split', (_, text, told) => {
    for (const chunks of everySplit(`2:ok,${text}`)) {
      const { payloads, error } = decode(chunks);
      expect(payloads).toEqual(['ok']);
      expect(error).toContain('not a netstring: ');
      expect(error).toContain(told);
    }
  });

  test('allows the limit and not one byte more', () => {
    const longest = 'x'.repeat(10_000);
    expect(decode([bytes(`10000:${longest},`)])).toEqual({ payloads: [longest] });
    expect(decode([bytes(`10001:${longest}x,`)])).toEqual({
      payloads: [],
      error: 'not a netstring: its length is over 10000 bytes',
    });
    expect(decode([bytes('3:abc,4:abcd,')], 3)).toEqual({
      payloads: ['abc'],
      error: 'not a netstring: its length is over 3 bytes',
    });
  });

  test('wants a digit before the colon', () => {
    expect(decode([bytes(':x,')]).error).toBe(
      'not a netstring: its length has byte 0x3a, must be digits and a colon',
    );
  });

  test('judges the length while its digits arrive', () => {
    const decoder = new NetstringDecoder(99);
    decoder.feed(bytes('10'));
    expect(decoder.next()).toBeUndefined();
    decoder.feed(bytes('0'));
    expect(() => decoder.next()).toThrow('over 99 bytes');
  });

  test('stays dead after an error', () => {
    const decoder = new NetstringDecoder();
    decoder.feed(bytes('x'));
    expect(() => decoder.next()).toThrow(ProtocolError);
    decoder.feed(bytes('5:hello,'));
    expect(() => decoder.next()).toThrow('0x78');
    expect(() => decoder.next()).toThrow('0x78');
    decoder.drop();
    expect(decoder.unread).toBe(false);
  });

  test('takes chunks ahead of being asked', () => {
    const decoder = new NetstringDecoder();
    decoder.feed(bytes('1:a,2:b'));
    decoder.feed(bytes('c,3:'));
    decoder.feed(bytes('def,'));
    expect([decoder.next(), decoder.next(), decoder.next(), decoder.next()]).toEqual([
      'a',
      'bc',
      'def',
      undefined,
    ]);
  });

  test('yields what came before an error first', () => {
    const decoder = new NetstringDecoder();
    decoder.feed(bytes('1:a,1:b,nonsense'));
    expect([decoder.next(), decoder.next()]).toEqual(['a', 'b']);
    expect(() => decoder.next()).toThrow(ProtocolError);
  });

  test.each([
    ['nothing', '', false],
    ['a whole frame', '1:a,', false],
    ['a digit', '1:a,1', true],
    ['a zero', '0', true],
    ['a length and its colon', '0:', true],
    ['all but the comma', '1:a', true],
  ])('knows whether it is midway after %s', (_, text, midway) => {
    const decoder = new NetstringDecoder();
    decoder.feed(bytes(text));
    while (decoder.next() !== undefined);
    expect(decoder.midway).toBe(midway);
  });

  test('knows whether there is something that it has not read', () => {
    const decoder = new NetstringDecoder();
    expect(decoder.unread).toBe(false);
    decoder.feed(bytes('1:a,1:b,'));
    expect(decoder.unread).toBe(true);
    decoder.next();
    expect(decoder.unread).toBe(true);
    decoder.next();
    expect(decoder.unread).toBe(false);
  });

  test('keeps what was split when the chunk is overwritten', () => {
    const decoder = new NetstringDecoder();
    const chunk = bytes('5:hel');
    decoder.feed(chunk);
    expect(decoder.next()).toBeUndefined();
    chunk.fill('#');
    decoder.feed(bytes('lo,'));
    expect(decoder.next()).toBe('hello');
  });
});

describe('encodeNetstring', () => {
  test.each([
    ['', '0:,'],
    ['hello', '5:hello,'],
    ['\xc3\xa9', '2:\xc3\xa9,'],
  ])('writes %j', (payload, encoded) => {
    expect(encodeNetstring(payload)).toBe(encoded);
  });
});
