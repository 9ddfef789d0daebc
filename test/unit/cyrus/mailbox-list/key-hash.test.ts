import { expect, test } from 'vitest';
import { HashedKeys, hashOfBytes, hashOfText } from '../../../../src/cyrus/mailbox-list/key-hash.js';

test('a text has the hash of its bytes', () => {
  const bytes = Buffer.from('<Nexample.jp\x1duser\x1f\xe4>', 'latin1');
  expect(hashOfText(bytes.toString('latin1', 1, bytes.length - 1))).toBe(
    hashOfBytes(bytes, 1, bytes.length - 1),
  );
});

test('hashed keys are counted once each, however many come', () => {
  const keys = new HashedKeys(0);
  const add = (text: string) => keys.add(Buffer.from(text), 0, text.length);
  for (let i = 0; i < 5_000; i++) expect(add(`I${i}`)).toBe(true);
  for (let i = 0; i < 5_000; i++) expect(add(`I${i}`)).toBe(false);
  expect(keys.size).toBe(5_000);
});
