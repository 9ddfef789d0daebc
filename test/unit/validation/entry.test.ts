import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EntryCodec } from '../../../src/validation/entry.js';

const DAY_MS = 86_400_000;
const TICK_MS = 100;
const START = 5_000_000;

describe('an entry', () => {
  test('is read as it was written, its time rounded down to a tick', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(8, 16, 64),
        fc.double({ min: -8 * DAY_MS, max: 40_000 * DAY_MS, noNaN: true }),
        fc.nat(3),
        fc.nat(7),
        (owners, passed, state, owner) => {
          const codec = new EntryCodec(START, owners);
          const entry = codec.encode(START + passed, state, owner);
          expect([codec.state(entry), codec.owner(entry)]).toEqual([state, owner]);
          const lag = START + passed - codec.time(entry);
          expect(lag).toBeGreaterThanOrEqual(-1e-3);
          expect(lag).toBeLessThan(TICK_MS + 1e-3);
        },
      ),
    );
  });

  test('has a time up to eight days before the start', () => {
    const codec = new EntryCodec(START, 8);
    expect(codec.isTooOld(START - 8 * DAY_MS)).toBe(false);
    expect(codec.isTooOld(START - 8 * DAY_MS - 1)).toBe(true);
  });

  test('is an integer of 32 bits for the first 140 days', () => {
    const codec = new EntryCodec(START, 8);
    for (const day of [-8, 0, 1, 140]) {
      const entry = codec.encode(START + day * DAY_MS, 3, 7);
      expect(entry).toBe(entry | 0);
    }
  });
});
