import { expect, test } from 'vitest';
import { asksFolder } from '../../../src/validation/detail.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';

test.each([
  ['alice+list@example.jp', 'folder', true],
  ['alice+list@example.jp', 'inbox', false],
  ['alice+@example.jp', 'folder', false],
  ['alice@example.jp', 'folder', false],
  ['+shared/info@example.jp', 'folder', false],
] as const)('%s in a map of details as %s: asks about the folder: %j', (key, detail, asks) => {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  expect(parsed.kind === 'recipient' && asksFolder(parsed.recipient, detail)).toBe(asks);
});
