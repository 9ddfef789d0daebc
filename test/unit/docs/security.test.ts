// SECURITY.md says of each sentence which test holds it: `test/some.test.ts` and, in quotes, the name of what is tried in it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, ROOT } from '../source.js';

const PAGE = readText('SECURITY.md');
const HELD = [...PAGE.matchAll(/`(test\/[^`]+\.(?:test\.ts|toml))`(?:\s"([^"]+)")?/g)].map(
  ([, file = '', name]) => ({
    file,
    name: name?.replace(/\s+/g, ' '),
  }),
);

describe('SECURITY.md', () => {
  test('has a test for each paragraph about what is held by tests', () => {
    const [, held = ''] = PAGE.split('## Who may connect to what\n');
    const paragraphs = held.split(/\n{2,}/).filter((each) => each.trim() !== '' && !each.startsWith('#'));
    expect(paragraphs.length).toBeGreaterThan(12);
    expect(paragraphs.filter((each) => !each.includes('\nHeld by `test/'))).toEqual([]);
  });

  test.each(HELD)('is right that $file has "$name"', ({ file, name }) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    if (name !== undefined) expect(readText(file)).toContain(name);
  });
});
