// docs/architecture.md tells where to change what: each path in it is there, each room of src/ stands in its table from the top to
// the bottom, and each place that it names for a change has something of the repository behind it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePage } from '../../docs/pages.js';
import { importsOf, readSources, readText, ROOT } from '../source.js';

const PATH = 'docs/architecture.md';
const TEXT = readText(PATH);
const PAGE = parsePage(TEXT);
const IMPORTS = ['src', 'test'].flatMap((folder) => readSources(folder)).flatMap(importsOf);

/** The first column of a table's rows, by the words above that column. */
function firstColumn(heading: string): string[] {
  const rows = TEXT.split(`| ${heading} |`)[1]?.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.map((row) => row.split(' | ')[0] ?? '');
}

describe('docs/architecture.md', () => {
  test('names only files and folders that are there', () => {
    const paths = PAGE.spans.filter(({ text }) => /^(src|test|docs|rc\.d|bench|contrib)\//.test(text));
    expect(paths.length).toBeGreaterThan(60);
    expect(paths.filter(({ text }) => !existsSync(join(ROOT, text)))).toEqual([]);
  });

  test('has every room of src/, each above those that it imports', () => {
    const rooms = firstColumn('room').flatMap((cell) =>
      [...cell.matchAll(/`src\/([a-z.]+)\/?`/g)].map(([, name = '']) => name),
    );
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((each) =>
      each.isDirectory(),
    );
    expect(rooms.filter((name) => !name.includes('.')).toSorted()).toEqual(
      folders.map(({ name }) => name).toSorted(),
    );
    const backwards = IMPORTS.filter(({ from }) => from.startsWith('src/'))
      .filter(({ from, target }) => {
        const [above, below] = [from, target].map((path) => rooms.indexOf(path.split('/')[1] ?? ''));
        return above !== -1 && below !== -1 && Number(above) > Number(below);
      })
      .map(({ at, target }) => `${at}: ${target}`);
    // log/, config/ and net/ share a row, from left to right.
    expect(backwards).toEqual([]);
  });

  test('tells of the six most likely changes where to begin, and which test or page comes with them', () => {
    const rows = TEXT.split('| what | where | and then |')[1]?.split('\n\n')[0]?.split('\n').slice(2) ?? [];
    expect(rows).toHaveLength(6);
    for (const row of rows) {
      const [, where = '', then = ''] = row.split(' | ');
      expect(where).toMatch(/`src\//);
      expect(then).toMatch(/`test\/|`rc\.d\//);
    }
  });

  test.each([
    ['src/cyrus/lmtp/rcpt-verdict.ts', 'test/unit/cyrus/lmtp/rcpt-verdict.test.ts'],
    ['src/doctor/examine.ts', 'test/unit/doctor/good-host.ts'],
    ['src/socketmap/server.ts', 'test/integration/socketmap-limits.test.ts'],
  ])('names for a change in %s a test that imports it: %s', (source, test) => {
    expect(IMPORTS.filter(({ from, target }) => from === test && target === source)).not.toEqual([]);
  });
});
