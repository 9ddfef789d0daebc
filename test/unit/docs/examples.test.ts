// Each example of cyrusmapd.toml in a page is one that the daemon would take. What an example leaves out, since it shows
// something else, is filled in: the back-channels that [domains] names, or the one that imapd.conf would have told of.
import { parse, type TomlTable } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { contradictions } from '../../../src/config/consistency.js';
import { readSettings } from '../../../src/config/read.js';
import { parsePage, type Code } from '../../docs/pages.js';
import { readText, trackedFiles } from '../source.js';

const LMTP = { type: 'lmtp', endpoint: 'unix:/var/imap/socket/lmtp' };
/** A file that a shell is given. */
const HERE = /cyrusmapd\.toml <<'EOF'\n(.*?)\nEOF/gs;

const examples = trackedFiles()
  .filter((path) => path.endsWith('.md'))
  .flatMap((path) =>
    parsePage(readText(path)).code.flatMap((code) =>
      tomlIn(code).map((text) => ({ at: `${path}:${code.line}`, text })),
    ),
  );

describe('the examples of cyrusmapd.toml', () => {
  test('are found', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  test.each(examples)('$at', ({ text }) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test.each(['[socketmap]\nlisten = "x"', '[cache]\nknown_tll = "60s"', '[lookup]\ndeadline = "1h"'])(
    'would not pass with %j',
    (text) => {
      expect(problemsOf(text)).not.toEqual([]);
    },
  );
});

function tomlIn({ language, text }: Code): string[] {
  if (language === 'toml') return [text];
  if (language === 'sh') return [...text.matchAll(HERE)].map(([, file = '']) => file);
  return language === '' && /^\[[\w.-]+\]\n/.test(text) ? [text] : [];
}

function problemsOf(text: string): readonly unknown[] {
  const { values, problems } = readSettings(completed(parse(text)));
  return problems.length > 0 ? problems : contradictions(values);
}

function completed(file: TomlTable): TomlTable {
  const named = Object.values(tableOf(file['domains'])).flat().map(String);
  const own = tableOf(file['backchannel']);
  const wanted = Object.keys(own).length > 0 || named.length > 0 ? named : ['cyrus'];
  return { ...file, backchannel: { ...Object.fromEntries(wanted.map((name) => [name, LMTP])), ...own } };
}

function tableOf(value: TomlTable[string] | undefined): TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date) ? value : {};
}
