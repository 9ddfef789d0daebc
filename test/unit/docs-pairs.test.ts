// The English and the Japanese pages say the same: pair by pair they have as many headings of each level, in the same order, the
// same tables, code, words in code and links. What the sentences say, a reader has to compare.
import { describe, expect, test } from 'vitest';
import { fileOf, isOutside, parsePage, type Page } from '../docs/pages.js';
import { readText, trackedFiles } from './source.js';

const PAIRS: readonly (readonly [english: string, japanese: string])[] = [
  ['README.md', 'README.ja.md'],
  ['cf/README.md', 'cf/README.ja.md'],
  ['docs/freebsd.md', 'docs/ja/freebsd.md'],
];
const SAMPLES = ['rc.d/cyrusmapd.toml.sample', 'rc.d/cyrusmapd.toml.ja.sample'] as const;

describe.each(PAIRS)('%s and %s', (english, japanese) => {
  const [one, other] = [parsePage(readText(english)), parsePage(readText(japanese))];

  test('have the same headings', () => {
    expect(other.headings.map(({ level }) => level)).toEqual(one.headings.map(({ level }) => level));
  });

  test('have the same tables', () => {
    expect(other.tables).toEqual(one.tables);
  });

  test('have the same blocks of code, but for comments', () => {
    expect(codeOf(other)).toEqual(codeOf(one));
  });

  test('have the same words in code', () => {
    expect(spansOf(other)).toEqual(spansOf(one));
  });

  test('have the same links', () => {
    expect(linksOf(japanese, other)).toEqual(linksOf(english, one));
  });
});

describe('the samples of the configuration', () => {
  test('have the same tables, keys and values, in the same order', () => {
    const [english, japanese] = SAMPLES.map((path) => settingsOf(readText(path)));
    expect(english?.length).toBeGreaterThan(80);
    expect(japanese).toEqual(english);
  });

  test('describe each key', () => {
    const paragraphs = readText(SAMPLES[1]).split('\n\n');
    const bare = paragraphs.filter(
      (each) => /^#?[a-z_]+ = /m.test(each) && !/^# .*[ぁ-んァ-ヶ一-龠]/m.test(each),
    );
    expect(bare.filter((each) => !/^#?(type|"[^"]+") = /.test(each))).toEqual([]);
  });
});

describe('a page in Japanese', () => {
  test('is one of a pair', () => {
    const japanese = trackedFiles().filter((path) => /\.ja\.md$|^docs\/ja\//.test(path));
    expect(japanese).toEqual(PAIRS.map(([, path]) => path));
  });
});

function codeOf({ code }: Page): string[] {
  const comment = / *(?<=^|\s)(#|dnl).*$/gm;
  return code.map(({ language, text }) => `${language}\n${text.replaceAll(comment, '')}`);
}

function spansOf({ spans }: Page): string[] {
  return [...new Set(spans.map(({ text }) => text))].toSorted();
}

/** As those of the English page; an anchor is in the language of its page, and another test looks for it. */
function linksOf(path: string, { links }: Page): string[] {
  const english = new Map<string, string>([...PAIRS, SAMPLES].map(([one, other]) => [other, one]));
  return [
    ...new Set(
      links.map(({ target }) => {
        const file = isOutside(target) ? target : fileOf(path, target);
        return english.get(file) ?? file;
      }),
    ),
  ].toSorted();
}

/** Without what is said about them. */
function settingsOf(sample: string): string[] {
  return sample.split('\n').filter((line) => line !== '' && !/^#( |$)/.test(line));
}
