import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Inbox } from '../../src/socketmap/inbox.js';
import { NetstringDecoder } from '../../src/socketmap/netstring.js';
import { encodeNetstring } from '../../src/socketmap/netstring.js';

/** A stream of requests, the sizes of the pieces it comes in, and how many requests are read after each. */
const streams = fc.record({
  payloads: fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 20,
  }),
  steps: fc.array(fc.record({ size: fc.integer({ min: 1, max: 20 }), reads: fc.nat({ max: 4 }) }), {
    maxLength: 40,
  }),
});

describe('an inbox', () => {
  test('gives each request once and in order, and has nothing unread only where there is none', () => {
    fc.assert(
      fc.property(streams, ({ payloads, steps }) => {
        const inbox = new Inbox(new NetstringDecoder(100), 0, undefined);
        const bytes = Buffer.from(payloads.map((payload) => encodeNetstring(payload)).join(''), 'latin1');
        const room = Buffer.alloc(bytes.length);
        const got: string[] = [];
        const read = (most: number): void => {
          for (let left = most; left > 0; left--) {
            const { unread } = inbox;
            const payload = inbox.next();
            if (payload === undefined) return;
            expect(unread).toBe(true);
            got.push(payload);
          }
        };
        let at = 0;
        for (const { size, reads } of [...steps, { size: bytes.length, reads: 0 }]) {
          const length = Math.min(size, bytes.length - at);
          if (length > 0) {
            bytes.copy(room, 0, at, at + length);
            inbox.add(room, 0, 0, length);
            room.fill('1:');
          }
          at += size;
          read(reads);
        }
        read(Infinity);
        expect(got).toEqual(payloads);
        expect([inbox.unread, inbox.midway]).toEqual([false, false]);
      }),
      { numRuns: 1000 },
    );
  });
});
