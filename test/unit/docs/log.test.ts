// cyrusmapd-log(5) names every verb and field of src/log/, and src/ logs by verbs alone. `npm run docs` writes the page.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FIELDS } from '../../../src/log/fields.js';
import { allVerbs, logPage } from '../../docs/log-manual.js';
import { linesWith, readText, ROOT } from '../source.js';

const PAGE = 'rc.d/man/cyrusmapd-log.5';
const VERBS = await allVerbs();

describe('the verbs of the log', () => {
  test('are listed in cyrusmapd-log(5) with level, sentence and fields (else: npm run docs)', async () => {
    await expect(logPage(readText(PAGE), VERBS)).toMatchFileSnapshot(`../../../${PAGE}`);
  });

  test('are each told of by one function', () => {
    const names = VERBS.map(({ verb }) => verb);
    expect(names.length).toBeGreaterThan(30);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(VERBS)('$verb is lower-case words, said in a sentence', ({ verb, prose }) => {
    expect(verb).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(prose).toMatch(/^[A-Za-z].*\.$/);
  });

  test('use every field that is described', () => {
    const used = new Set<string>(VERBS.flatMap(({ fields = [], optional = [] }) => [...fields, ...optional]));
    expect(Object.keys(FIELDS).filter((name) => !used.has(name))).toEqual([]);
  });

  test('are the only ones who write to the log', () => {
    const direct = /\blog(\.(trace|debug|info|warn|error|fatal)\(|\[)/;
    const found = readdirSync(`${ROOT}/src`, { recursive: true, encoding: 'utf8' })
      .map((name) => `src/${name}`)
      .filter((path) => path.endsWith('.ts') && path !== 'src/log/verb.ts')
      .flatMap((path) => linesWith(path, readText(path), direct));
    expect(found).toEqual([]);
  });
});
