// The sample file is the manual: every key of the schema stands in it, with its true default and what it allows.
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { BACKCHANNELS, FILE, MAP, SECTIONS } from '../../../src/config/schema.js';
import { allowedBy } from '../../../src/config/values.js';

const sample = readFileSync(new URL('../../../rc.d/cyrusmapd.toml.sample', import.meta.url), 'utf8');

type Key = { readonly name: string; readonly schema: v.GenericSchema };

function keysOf(entries: Readonly<Record<string, v.GenericSchema>>): Key[] {
  return Object.entries(entries).map(([name, schema]) => ({ name, schema }));
}

/** The paragraphs (comment and the keys under it) of a table, commented out or not. */
function paragraphs(table: string): string[] {
  const begin = sample.search(new RegExp(`^#?\\[${table}\\]$`, 'm'));
  expect(begin, `[${table}] is in the sample`).toBeGreaterThan(-1);
  const rest = sample.slice(sample.indexOf('\n', begin) + 1);
  const end = rest.search(/^#?\[[a-z.]+\]$/m);
  return rest.slice(0, end === -1 ? undefined : end).split('\n\n');
}

function expectDocumented(table: string, { name, schema }: Key): void {
  const line = new RegExp(`^#?${name} = (.*)$`, 'm');
  const paragraph = paragraphs(table).find((each) => line.test(each));
  if (paragraph === undefined) throw new Error(`${table}.${name} is not in the sample`);
  const written: unknown = parse(`value = ${line.exec(paragraph)?.[1] ?? ''}`)['value'];
  const words = paragraph.replace(/^#?\w+ = .*$/gm, '').replaceAll(/\s*\n# ?/g, ' ');

  const fallback: unknown =
    schema.type === 'optional'
      ? v.getDefault(schema as v.OptionalSchema<v.GenericSchema, unknown>)
      : undefined;
  if (fallback === undefined) {
    if (name !== 'type') expect(words).toContain('No default');
    expect(v.is(schema, written)).toBe(true);
  } else {
    expect(written).toEqual(fallback);
    expect(paragraph, 'a default is commented out').toMatch(new RegExp(`^#${name} = `, 'm'));
  }
  const inner =
    schema.type === 'optional' ? (schema as unknown as { wrapped: v.GenericSchema }).wrapped : schema;
  const allowed = allowedBy(inner);
  if (allowed !== undefined && name !== 'endpoint')
    expect(words.toLowerCase()).toContain(allowed.toLowerCase());
}

describe('the sample configuration', () => {
  it('is a configuration', () => {
    expect(v.safeParse(FILE, parse(sample)).issues).toBeUndefined();
  });

  it('is still one with every default uncommented', () => {
    const uncommented = sample.replace(/^#(?=[\w."*]+ = |\[)/gm, '');
    expect(v.safeParse(FILE, parse(uncommented)).issues).toBeUndefined();
  });

  for (const [table, schema] of Object.entries(SECTIONS)) {
    for (const key of keysOf(schema.entries)) {
      it(`documents ${table}.${key.name}`, () => expectDocumented(table, key));
    }
  }

  it('documents every key of a map', () => {
    for (const key of keysOf(MAP.entries)) expectDocumented('map.shared', key);
  });

  it.each([
    ['cyrus', 'lmtp'],
    ['network', 'imap'],
    ['names', 'list'],
  ] as const)('documents every key of [backchannel.%s], type %s', (name, type) => {
    const keys = keysOf(BACKCHANNELS[type].entries);
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) expectDocumented(`backchannel.${name}`, key);
  });
});
