// However the bytes of a mail server are cut, the same requests come out of them, each within the limit and encoded again
// the very bytes that went in, and then at most one ProtocolError.
import { expect } from 'vitest';
import { encodeNetstring, NetstringDecoder } from '../../../src/socketmap/netstring.js';
import type { Target } from '../engine.js';
import { parsedAlike } from './streams.js';

const LIMIT = 1000;

export const netstring: Target = {
  name: 'netstring',
  seeds: ['22:cyrus alice@example.jp,', '0:,', '5:a b c,3:x y,1000:', '00:,', '999999999999:x', '5:abc,'],
  dictionary: [':', ',', '0:,', '1000:', '1001:', '10:cyrus a@b.', '3:a b,'],
  run(input) {
    const { items } = parsedAlike(() => new NetstringDecoder(LIMIT), input);
    const again = items.map(encodeNetstring).join('');
    expect(again === input.toString('latin1', 0, again.length)).toBe(true);
    expect(items.every((payload) => payload.length <= LIMIT)).toBe(true);
  },
};
