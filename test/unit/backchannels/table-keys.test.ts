// What of a table is a left-hand side, line by line; test/system/alias-tables.test.ts holds it against the programs.
import { expect, test } from 'vitest';
import { tableReader, type TableFormat } from '../../../src/backchannels/table-keys.js';

function keysOf(format: TableFormat, ...lines: string[]): string[] {
  const read = tableReader(format);
  return lines.flatMap((line) => {
    const found = read(line);
    return found === undefined ? [] : [found.refused ? `not ${found.key}` : found.key];
  });
}

test.each<[TableFormat, string[], string[]]>([
  [
    'virtual',
    ['Alice@Example.JP bob', '', '# x', '@example.net\ty', 'bare z'],
    ['alice@example.jp', '@example.net', 'bare'],
  ],
  ['virtual', ['a@x', '  # between', '', '\tvalue', 'b@x  ', 'c@x y\r'], ['a@x', 'c@x']],
  ['virtual', ['a@x y', '  b@x z', ' c@x'], ['a@x']],
  ['virtual', ['"a b"@x y', '"open@x y', 'q\\ r@x y'], ['a b@x', 'q\\ r@x']],
  ['virtual', ['\xe9t\xe9@x\xa0y z'], ['\xe9t\xe9@x\xa0y']],
  ['virtual', ['"alice"@x y', '".a"@x y', '"\xe9"@x y'], ['"alice"@x', '.a@x', '\xe9@x']],
  ['virtusertable', ['Alice@X\tbob', ' b@x c', 'd@x', 'e@x \r', '#f@x g', '+*@x h'], ['alice@x', '+*@x']],
  ['virtusertable', ['joe@x error:nouser 550 no', 'jax@x  Error:5.7.0:550 no'], ['not joe@x', 'not jax@x']],
  ['aliases', ['Root: alice', 'name : x', '"foo bar": x', 'a@b: c'], ['root', 'name', 'foo bar', 'a@b']],
  ['aliases', ['a: b,', '  c: d', 'e: f,\\', 'g: h', 'i: j'], ['a', 'e', 'i']],
  ['aliases', ['# x \\', 'a: b', 'c:', 'd:', ' e', 'f', 'bang!x: y', 'x:y:z'], ['d', 'x']],
])('of %s %j are %j', (format, lines, keys) => {
  expect(keysOf(format, ...lines)).toEqual(keys);
});
