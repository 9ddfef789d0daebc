import { expect, test } from 'vitest';
import { parseTarget } from '../../../src/admin/target.js';

test('a target is a path and its query', () => {
  const target = parseTarget('/explain?key=alice%40example.jp&ask=1');
  expect([target?.pathname, target?.searchParams.get('key')]).toEqual(['/explain', 'alice@example.jp']);
});

test('two slashes at its beginning are a path all the same, and no host', () => {
  expect(parseTarget('//evil.example/stats')?.host).toBe('admin');
});

test.each([undefined, '', 'stats', '*', 'http://h/stats', 'h:443'])('%j is no path', (target) => {
  expect(parseTarget(target)).toBeUndefined();
});
