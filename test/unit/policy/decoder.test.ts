import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { PolicyDecoder } from '../../../src/policy/decoder.js';

const ONE = 'request=smtpd_access_policy\nrecipient=alice@example.jp\n\n';
const OTHER = 'request=smtpd_access_policy\nrecipient=m\xfcller@example.jp\n\n';

function all(decoder: PolicyDecoder): string[] {
  const found: string[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) found.push(next);
  return found;
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('the decoder', () => {
  test('takes requests out of one chunk, byte for byte', () => {
    const decoder = new PolicyDecoder(1000);
    decoder.feed(bytes(ONE + OTHER));
    expect(all(decoder)).toEqual([ONE.slice(0, -2), OTHER.slice(0, -2)]);
    expect([decoder.midway, decoder.unread]).toEqual([false, false]);
  });

  test('takes the same out of every split in two, and out of single bytes', () => {
    const text = ONE + OTHER;
    for (let at = 1; at < text.length; at += 1) {
      const decoder = new PolicyDecoder(1000);
      decoder.feed(bytes(text.slice(0, at)));
      const first = all(decoder);
      expect(decoder.unread).toBe(false);
      decoder.feed(bytes(text.slice(at)));
      expect([...first, ...all(decoder)]).toEqual([ONE.slice(0, -2), OTHER.slice(0, -2)]);
    }
    const decoder = new PolicyDecoder(1000);
    const found: string[] = [];
    for (const each of text) {
      decoder.feed(bytes(each));
      found.push(...all(decoder));
    }
    expect(found.length).toBe(2);
  });

  test('is midway from the first byte to the last', () => {
    const decoder = new PolicyDecoder(1000);
    decoder.feed(bytes(ONE.slice(0, -1)));
    expect(decoder.unread).toBe(true);
    expect(decoder.next()).toBeUndefined();
    expect([decoder.midway, decoder.unread]).toEqual([true, false]);
    decoder.drop();
    expect(decoder.midway).toBe(false);
  });

  test.each([
    ['a request that is too long', 'a'.repeat(101)],
    ['a request that is too long by its end', `${'a'.repeat(99)}\n\n`],
    ['an empty request', '\n'],
  ])('refuses %s, again and again', (_, text) => {
    const decoder = new PolicyDecoder(100);
    decoder.feed(bytes(text));
    for (let i = 0; i < 2; i += 1) expect(() => decoder.next()).toThrow(ProtocolError);
    expect([decoder.midway, decoder.unread]).toEqual([false, false]);
  });

  test('takes a request of the longest length', () => {
    const decoder = new PolicyDecoder(100);
    decoder.feed(bytes(`${'a'.repeat(98)}\n\n`));
    expect(all(decoder)).toEqual(['a'.repeat(98)]);
  });
});
