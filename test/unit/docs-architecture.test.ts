// docs/architecture.md names files; each has to be there. Its table of rooms has to have every folder of src/.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, ROOT } from './source.js';

const PAGE = readText('docs/architecture.md');

describe('docs/architecture.md', () => {
  test('names only files and folders that there are', () => {
    const named = [...PAGE.matchAll(/`((?:src|test|docs|rc\.d)\/[\w./-]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('has every room of src/, and every room of src/cyrus/', () => {
    const rooms = folders('src').filter((name) => !PAGE.includes(`\`src/${name}/\``));
    const cyrus = folders('src/cyrus').filter((name) => !PAGE.includes(`\`${name}\``));
    expect([...rooms, ...cyrus]).toEqual([]);
  });
});

function folders(path: string): string[] {
  return readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
}
