import { expect, test } from 'vitest';
import { inventedOf, nearMissesOf } from '../../../src/comparison/near-misses.js';

test('invents a detail, capitals, a letter more and less, and another domain', () => {
  const made = nearMissesOf('first.last@example.jp', ['example.jp', 'example.net']);
  expect(made).toEqual([
    'first.last+detail@example.jp',
    'first.last+@example.jp',
    'FIRST.LAST@example.jp',
    'first.last.@example.jp',
    'first.lastt@example.jp',
    'first.las@example.jp',
    'firstlast@example.jp',
    'first.last@example.net',
    'first.last@EXAMPLE.JP',
  ]);
});

test('invents nothing beside what is no address of a user', () => {
  for (const key of ['', 'alice', '@example.jp', '+x@example.jp', `${'a'.repeat(65)}@example.jp`])
    expect(nearMissesOf(key, [])).toEqual([]);
});

test('never invents the address itself, nor one without a local part', () => {
  const made = nearMissesOf('A@EXAMPLE.JP', []);
  expect(made).not.toContain('A@EXAMPLE.JP');
  expect(made.filter((each) => each.startsWith('@'))).toEqual([]);
});

test('invents for a domain a name that nobody has', () => {
  expect(inventedOf('example.jp')[0]).toBe('no-such-mailbox-cyrusmapd@example.jp');
});
