import { expect, test } from 'vitest';
import { queueIdLength } from '../../../src/daemon/queue-id.js';

test.each([
  ['4ASNLrHf000123 alice@example.jp', 14],
  ['4asnlrhf000123 alice@example.jp', 14],
  ['4asnlrhf1000123 "a b"@example.jp', 15],
  ['alice@example.jp', 0],
  ['', 0],
  ['4asnlrhf000123', 0],
  ['a b@example.jp', 0],
  ['a long name of words@example.jp', 0],
  [' 4asnlrhf000123 alice@example.jp', 0],
  ['4asnlrhf000123  alice@example.jp', 14],
])('%s has an id of %i characters', (key, length) => {
  expect(queueIdLength(key)).toBe(length);
});
