import { describe, expect, test } from 'vitest';
import { FILES_MAX, formatWhere, readSettings } from '../../../../src/cyrus/conf/settings.js';

function read(files: Readonly<Record<string, string>>, reads: string[] = []) {
  const text = (path: string): string => {
    reads.push(path);
    const found = files[path];
    if (found === undefined) throw new Error(`no ${path}`);
    return Buffer.from(found).toString('latin1');
  };
  return readSettings('/c', text).map((line) =>
    'name' in line
      ? `${formatWhere(line.where)} ${line.name}=${line.value}`
      : `${formatWhere(line.where)} ! ${line.what}`,
  );
}

describe('readSettings', () => {
  test.each([
    ['a: b', 'a=b'],
    ['  \t\v\f\ra: b', 'a=b'],
    ['a:b', 'a=b'],
    ['a:   b c  \t\r', 'a=b c'],
    ['A_b-C9: D', 'a_b-c9=D'],
    ['a: # b', 'a=# b'],
    ['a: b: c', 'a=b: c'],
    ['a: "b"', 'a="b"'],
    ['a: ä', 'a=ä'],
    ['lmtp_PostUser: x', 'lmtp_postuser=x'],
    [': b', '=b'],
  ])('reads %j as %s', (line, setting) => {
    expect(read({ '/c': line })).toEqual([`/c:1 ${setting}`]);
  });

  test.each(['', '   ', '# a: b', ' \t# a'])('passes over %j', (line) => {
    expect(read({ '/c': `${line}\n` })).toEqual([]);
  });

  test.each([
    ['a b', 'invalid option name'],
    ['a : b', 'invalid option name'],
    ['a', 'invalid option name'],
    ['ä: b', 'invalid option name'],
    ['a@b: c', 'invalid option name'],
    ['a:', 'empty value'],
    ['a:  \t', 'empty value'],
    ['@included: /x', 'no directive'],
  ])('knows that Cyrus refuses %j', (line, what) => {
    expect(read({ '/c': `x: y\n${line}\nz: y` })).toEqual([
      '/c:1 x=y',
      expect.stringMatching(`^/c:2 ! .*${what}`),
      '/c:3 z=y',
    ]);
  });

  test('reads an included file where it is included', () => {
    const files = { '/c': 'a: 1\n@INCLUDE: /d\nb: 2\n', '/d': 'x: 1\n@include: /e', '/e': 'y: 1' };
    expect(read(files)).toEqual(['/c:1 a=1', '/d:1 x=1', '/e:1 y=1', '/c:3 b=2']);
  });

  test('reads no file a second time, whoever includes it', () => {
    const reads: string[] = [];
    const again = '@include: /c\n'.repeat(20);
    const files = { '/c': `@include: /d\n${again}`, '/d': `a: 1\n${again}@include: /d\n` };
    const lines = read(files, reads);
    expect(reads).toEqual(['/c', '/d']);
    expect(lines).toHaveLength(42);
    expect(lines[1]).toBe('/d:2 ! /c is included twice');
  });

  test('gives up at too many files', () => {
    let count = 0;
    const text = () => `@include: /${count++}`;
    expect(() => readSettings('/c', text)).toThrow(`/c includes more than ${FILES_MAX} files`);
  });
});
