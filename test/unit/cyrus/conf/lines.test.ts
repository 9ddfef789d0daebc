import { describe, expect, test } from 'vitest';
import { cutLines } from '../../../../src/cyrus/conf/lines.js';

const texts = (text: string) => cutLines(text).map((each) => each.text);

describe('cutLines', () => {
  test.each([
    ['', []],
    ['a\nb\n', ['a', 'b']],
    ['a\n\nb', ['a', '', 'b']],
    ['a\\\nb\n', ['ab']],
    ['# a\\\nb: c\n', ['# ab: c']],
    ['a\\\\\nb\n', ['a\\b']],
    ['a\\\\\n\nb\n', ['ab']],
    ['a\\\n\\\n\\\nb\n', ['ab']],
    ['a\\\r\nb\n', ['a\\\r', 'b']],
  ])('cuts %j into %j', (text, lines) => {
    expect(texts(text)).toEqual(lines);
  });

  test('counts each line that was joined, and names the last', () => {
    expect(cutLines('a\n\\\nb\\\nc\nd').map(({ line }) => line)).toEqual([1, 4, 5]);
  });

  test('loses a backslash and newline at the end together with their line, as Cyrus does', () => {
    expect(texts('a\nb\\\n')).toEqual(['a']);
  });

  test('keeps a backslash at the end of the file', () => {
    expect(texts('a\\')).toEqual(['a\\']);
  });

  test('sees nothing of a line behind a NUL', () => {
    expect(texts('a\0b\nc\n')).toEqual(['a', 'c']);
    expect(texts('a\\\n\0\nc\n')).toEqual(['a', 'c']);
  });

  test.each([4094, 4095, 4096, 8190, 8191, 8192, 20_000])('reads a line of %i bytes', (length) => {
    const long = 'x'.repeat(length);
    expect(texts(`${long}\nb\n`)).toEqual([long, 'b']);
    expect(texts(`${long}\\\nb\n`)).toEqual([`${long}b`]);
  });

  test.each([4095, 8191])('loses a last line of %i bytes without a newline, as Cyrus does', (length) => {
    expect(texts('x'.repeat(length))).toEqual([]);
    expect(texts('x'.repeat(length - 1))).toHaveLength(1);
  });

  test.each([
    ['blanks', ' '.repeat(1 << 20)],
    ['empty continuations', '\\\n'.repeat(1 << 19)],
    ['backslashes', `${'\\'.repeat(1 << 19)}${'\n'.repeat(1 << 19)}`],
    ['short lines', '\n'.repeat(1 << 20)],
    ['NULs', '\0'.repeat(1 << 20)],
  ])('takes time in proportion to a megabyte of %s', (_, text) => {
    const start = performance.now();
    cutLines(text);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
