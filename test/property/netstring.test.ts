import fc from 'fast-check';
import { read, write } from 'netstring-stream';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors.js';
import { NetstringDecoder, encodeNetstring } from '../../src/socketmap/netstring.js';

type Outcome = { readonly payloads: readonly string[]; readonly error: string | undefined };

function decode(chunks: readonly Buffer[], maxBytes = 10_000): Outcome {
  const decoder = new NetstringDecoder(maxBytes);
  const payloads: string[] = [];
  try {
    for (const chunk of chunks) {
      decoder.feed(chunk);
      for (let payload = decoder.next(); payload !== undefined; payload = decoder.next())
        payloads.push(payload);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    expect(() => decoder.next()).toThrow(ProtocolError);
    return { payloads, error: String(error) };
  }
  return { payloads, error: undefined };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const latin1 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const places = fc.array(fc.nat(), { maxLength: 20 });

/** Bytes that look like netstrings for a while: what pure noise hardly ever does. */
const nearlyNetstrings = fc
  .array(
    fc.oneof(
      latin1.map(encodeNetstring),
      fc.constantFrom('0', '00', '1', '9', ':', ',', '5:abc', '-1:', '10000:', '99999999999:', '\n', ' '),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('NetstringDecoder', () => {
  test('what was encoded comes out as it went in, however the stream is split', () => {
    fc.assert(
      fc.property(fc.array(latin1, { maxLength: 12 }), places, (payloads, at) => {
        const bytes = Buffer.from(payloads.map(encodeNetstring).join(''), 'latin1');
        expect(decode(cut(bytes, at))).toEqual({ payloads, error: undefined });
      }),
    );
  });

  test('what is taken as a whole frame is the same as if it were fed, and nothing else is', () => {
    fc.assert(
      fc.property(
        nearlyNetstrings,
        fc.nat(),
        fc.integer({ min: 0, max: 200_000 }),
        (bytes, rest, maxBytes) => {
          const length = bytes.length - (rest % 3 === 0 ? rest % (bytes.length + 1) : 0);
          const decoder = new NetstringDecoder(maxBytes);
          const whole = decoder.whole(bytes, length);
          const fed = decode([bytes.subarray(0, length)], maxBytes);
          const isOne = fed.error === undefined && fed.payloads.length === 1;
          const frame = isOne ? encodeNetstring(fed.payloads[0] ?? '') : undefined;
          expect(whole).toBe(frame?.length === length ? fed.payloads[0] : undefined);
          expect([decoder.midway, decoder.unread]).toEqual([false, false]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('the way a stream is split changes neither what comes out nor what is wrong', () => {
    fc.assert(
      fc.property(nearlyNetstrings, places, (bytes, at) => {
        const whole = decode([bytes]);
        expect(decode(cut(bytes, at))).toEqual(whole);
        expect(decode(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('nothing comes out that did not go in: what is read, encoded again, is how the input began', () => {
    fc.assert(
      fc.property(nearlyNetstrings, (bytes) => {
        const { payloads } = decode([bytes]);
        const again = payloads.map(encodeNetstring).join('');
        expect(bytes.toString('latin1').startsWith(again)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('no payload is longer than the limit', () => {
    fc.assert(
      fc.property(nearlyNetstrings, fc.nat({ max: 300 }), (bytes, maxBytes) => {
        for (const payload of decode([bytes], maxBytes).payloads)
          expect(payload.length).toBeLessThanOrEqual(maxBytes);
      }),
    );
  });

  test('netstring-stream reads whole frames in the same way, and writes the same', () => {
    fc.assert(
      fc.property(fc.array(latin1, { minLength: 1, maxLength: 8 }), (payloads) => {
        const bytes = Buffer.from(payloads.map(encodeNetstring).join(''), 'latin1');
        expect(read(bytes, 'buffer').map((payload) => payload.toString('latin1'))).toEqual(
          decode([bytes]).payloads,
        );
        for (const payload of payloads) {
          expect(write(Buffer.from(payload, 'latin1'), 'buffer').toString('latin1')).toBe(
            encodeNetstring(payload),
          );
        }
      }),
    );
  });
});
