import { expect, test } from 'vitest';
import { problem, showPath, showValue } from '../../../src/config/problems.js';

test.each([
  [[], 'the file'],
  [['lookup', 'deadline'], 'lookup.deadline'],
  [['socketmap', 'listen', 0], 'socketmap.listen[1]'],
  [['domains', '*.example.jp'], 'domains."*.example.jp"'],
  [['map', 'a"b'], 'map."a\\"b"'],
])('a key is shown as it would be written: %j', (path, shown) => {
  expect(showPath(path)).toBe(shown);
  expect(problem(path, 'is missing')).toEqual({ path, sentence: `${shown} is missing` });
});

test.each([
  ['40s', '"40s"'],
  [5, '5'],
  [Infinity, 'Infinity'],
  [NaN, 'NaN'],
  [undefined, 'undefined'],
  [['a', 1], '["a",1]'],
  [{ a: 1 }, 'a table'],
  [null, 'a table'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  ['line\n', '"line\\n"'],
  ['x'.repeat(100), `"${'x'.repeat(79)}...`],
])('a value is shown on one line, and no more than is needed: %j', (value, shown) => {
  expect(showValue(value)).toBe(shown);
});
