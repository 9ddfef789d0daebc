import { expect, test } from 'vitest';
import { SlowNames } from '../../../../src/cyrus/pool/slow-names.js';

const SLOW_FOR_MS = 60_000;
const SLOW_NAMES_MAX = 1_000;

test('a mailbox is slow for a minute after it was so last', () => {
  let now = 0;
  const slow = new SlowNames(() => now);
  expect(slow.has('alice')).toBe(false);
  slow.add('alice');
  now = SLOW_FOR_MS - 1;
  expect(slow.has('alice')).toBe(true);
  slow.add('alice');
  now += SLOW_FOR_MS - 1;
  expect([slow.has('alice'), slow.has('bob')]).toEqual([true, false]);
  now += 1;
  expect(slow.has('alice')).toBe(false);
});

test('no more than so many are remembered, the latest ones', () => {
  const slow = new SlowNames(() => 0);
  for (let i = 0; i <= SLOW_NAMES_MAX; i++) slow.add(`u${i}`);
  expect([slow.has('u0'), slow.has('u1'), slow.has(`u${SLOW_NAMES_MAX}`)]).toEqual([false, true, true]);
});
