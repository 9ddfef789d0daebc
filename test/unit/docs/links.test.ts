// Each link of each page of the repository leads to a file that git knows of, and its anchor to a heading there.
import { describe, expect, test } from 'vitest';
import { anchorsOf, fileOf, isOutside, parsePage } from '../../docs/pages.js';
import { readText, trackedFiles } from '../source.js';

const FILES = trackedFiles();
const PAGES = FILES.filter((path) => path.endsWith('.md'));

describe.each(PAGES)('%s', (path) => {
  const page = parsePage(readText(path));

  test('has no link that leads nowhere', () => {
    const dead = page.links.filter(({ target }) => !leadsSomewhere(path, target));
    expect(dead).toEqual([]);
  });
});

function leadsSomewhere(from: string, target: string): boolean {
  if (isOutside(target)) return true;
  const file = fileOf(from, target);
  if (!FILES.includes(file)) return FILES.some((each) => each.startsWith(`${file}/`));
  const anchor = target.split('#')[1];
  return anchor === undefined || anchorsOf(parsePage(readText(file))).includes(decodeURIComponent(anchor));
}
