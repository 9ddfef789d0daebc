import { crc32 as ofZlib } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from '../../../../src/cyrus/mailbox-list/crc32.js';

test('the CRC is the one of RFC 1952', () => {
  expect(crc32(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926);
  expect(crc32(Buffer.alloc(0), 0, 0)).toBe(0);
});

test('the CRC of any part of a buffer is that of zlib', () => {
  const bytes = Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 151 + 200) & 0xff));
  for (let start = 0; start < 12; start++) {
    for (let end = start; end <= bytes.length; end++) {
      expect(crc32(bytes, start, end)).toBe(ofZlib(bytes.subarray(start, end)));
    }
  }
});
