// Sample, manual page and docs/configuration.md are what their generators make of the descriptions of the keys. `npm run
// docs` writes them: it is this test with -u, which writes instead of comparing.
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { contradictions } from '../../../src/config/consistency.js';
import { readSettings } from '../../../src/config/read.js';
import { configurationPage } from '../../docs/markdown.js';
import { manualPage } from '../../docs/manual.js';
import { sampleFile } from '../../docs/sample.js';
import { tablesOfDocs } from '../../docs/words.js';
import { readText } from '../source.js';

const MANUAL = 'rc.d/man/cyrusmapd.toml.5';

describe('made of the descriptions of the keys, and current (else: npm run docs)', () => {
  test('rc.d/cyrusmapd.toml.sample', async () => {
    await expect(sampleFile()).toMatchFileSnapshot('../../../rc.d/cyrusmapd.toml.sample');
  });

  test(MANUAL, async () => {
    await expect(manualPage(readText(MANUAL))).toMatchFileSnapshot(`../../../${MANUAL}`);
  });

  test('docs/configuration.md', async () => {
    await expect(configurationPage()).toMatchFileSnapshot('../../../docs/configuration.md');
  });
});

describe('the sample', () => {
  test('is a configuration', () => {
    const { values, problems } = readSettings(parse(sampleFile()));
    expect(problems).toEqual([]);
    expect(contradictions(values)).toEqual([]);
  });

  test('is still one with every default and example uncommented', () => {
    const uncommented = sampleFile().replace(/^#(?=[\w."*]+ = |\[)/gm, '');
    expect(readSettings(parse(uncommented)).problems).toEqual([]);
  });
});

describe('each key', () => {
  const keys = tablesOfDocs().flatMap(({ heading, type, keys: each }) =>
    Object.entries(each).map(([name, key]) => [`${heading} ${type ?? ''} ${name}`, key] as const),
  );

  test.each(keys)('%s has a default, or says what holds without', (_, key) => {
    expect([key.default, key.unset, key.required].filter((each) => each !== undefined)).toHaveLength(1);
  });

  test.each(keys)('%s allows its default and its example', (_, key) => {
    const wrong: string[] = [];
    for (const value of [key.default, key.example]) {
      if (value !== undefined) key.kind.read(value, (what) => wrong.push(what));
    }
    expect(wrong).toEqual([]);
  });

  test.each(keys)('%s is described in whole sentences', (_, { text, unset = '', since }) => {
    expect(text).toMatch(/^[A-Z`].*[.)]$/);
    expect(text.split('`').length % 2, 'backticks come in pairs').toBe(1);
    expect(unset).not.toMatch(/\.$/);
    expect(since).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
