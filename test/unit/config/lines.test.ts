import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { lineOf, linesOf } from '../../../src/config/lines.js';
import { readText } from '../source.js';

const FILE = `# A comment = 1
title = "a # \\" b"

[owner] # [not.a.table]
name = 'c:\\'
lines = """
[x]
""""
ports = [
  8000, # "["
  [1, { a = 1,
    b = "]" }],
]
[servers."alpha.jp"]
ip.address = "10.0.0.1"
[[products]]
id = 1
[[products]]
id = 2
`;

describe('the line of a key', () => {
  const lines = linesOf(FILE);
  test.each([
    [['title'], 2],
    [['owner'], 4],
    [['owner', 'name'], 5],
    [['owner', 'lines'], 6],
    [['owner', 'ports'], 9],
    [['owner', 'ports', 0], 10],
    [['owner', 'ports', 1, 1, 'b'], 12],
    [['servers', 'alpha.jp'], 14],
    [['servers', 'alpha.jp', 'ip', 'address'], 15],
    [['products', 1], 18],
    [['products', 1, 'id'], 19],
    [['owner', 'missing'], 4],
  ])('%j is %d', (path, line) => {
    expect(parse(FILE)).toBeDefined();
    expect(lineOf(path, lines)).toBe(line);
  });

  test('is not known of what stands nowhere', () => expect(lineOf(['nothing'], lines)).toBeUndefined());

  test('is found for every key of a file that a serializer writes', () => {
    // Each key of one line is found in that line, whatever its name and value hold.
    const key = fc.string({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.dictionary(key, fc.string(), { minKeys: 1 }), (table) => {
        const names = Object.keys(table).filter((name) => name !== '__proto__');
        const text = stringify({ table });
        const found = linesOf(text);
        const written = Object.keys(parse(text)['table'] as object);
        expect(written.length).toBeGreaterThanOrEqual(names.length);
        for (const [index, name] of written.entries()) {
          if (JSON.stringify(name).includes('\\')) continue;
          expect(found.get(JSON.stringify(['table', name]))).toBe(index + 2);
        }
      }),
    );
  });

  test('ends for every text, also for what is no TOML', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]{}=."\'\\\n#, a'), maxLength: 40 }), (text) => {
        expect(linesOf(text)).toBeDefined();
      }),
    );
  });

  test('is found fast in the longest file', () => {
    const text = 'a = [' + '1,\n'.repeat(100_000) + ']\n' + readText('rc.d/cyrusmapd.toml.sample');
    expect(linesOf(text).get('["backchannel"]')).toBeGreaterThan(100_000);
  });

  test.each([
    ['many tables of one array', '[[a]]\nb = 1\n'.repeat(50_000)],
    ['a key of many parts', `${'a.'.repeat(100_000)}a = 1\n`],
    ['arrays in arrays', `a = ${'['.repeat(900)}1${']'.repeat(900)}\n`.repeat(20)],
  ])('is found fast where there are %s', (_, text) => {
    const start = process.cpuUsage();
    expect(linesOf(`${text}[z]\n`).get('["z"]')).toBeGreaterThan(1);
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});
