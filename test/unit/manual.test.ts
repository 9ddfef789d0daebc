// The manual pages against the program: every key of the file with its type, range and default. The pages are
// mdoc(7); what is compared are their own lines, so that a page says exactly what the schema says.
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { BACKCHANNELS, MAP, SECTIONS } from '../../src/config/schema.js';

type Entry = { readonly key: string; readonly text: string };

const PAGE = readFileSync(new URL('../../rc.d/man/cyrusmapd.toml.5', import.meta.url), 'utf8');

const TABLES = [
  ...Object.entries(SECTIONS).map(([name, table]) => ({ heading: `[${name}]`, entries: table.entries })),
  { heading: '[map.NAME]', entries: MAP.entries },
  ...Object.entries(BACKCHANNELS).map(([type, table]) => ({
    heading: `[backchannel.NAME], type = \\(dq${type}\\(dq`,
    entries: table.entries,
  })),
];

describe('cyrusmapd.toml(5)', () => {
  describe.each(TABLES)('$heading', ({ heading, entries }) => {
    const keys = Object.entries<v.GenericSchema>(entries).filter(([key]) => key !== 'type');
    const documented = entriesUnder(PAGE, heading);

    it('names the keys of the schema in their order, and no other', () => {
      expect(documented.map(({ key }) => key)).toEqual(keys.map(([key]) => key));
    });

    it.each(keys)('says what %s allows and its default', (key, schema) => {
      const text = documented.find((entry) => entry.key === key)?.text ?? '';
      expect(text.slice(0, sentenceOf(schema).length).toLowerCase()).toBe(sentenceOf(schema).toLowerCase());
    });
  });

  it('has a section for each table', () => {
    const headings = [...PAGE.matchAll(/^\.Ss (.*)$/gm)].map(([, heading]) => heading);
    expect(headings.toSorted()).toEqual([...TABLES.map(({ heading }) => heading), '[domains]'].toSorted());
  });
});

/** The items of the first list under a heading, each with its lines joined. */
function entriesUnder(page: string, heading: string): Entry[] {
  const section = page.split(`.Ss ${heading}\n`)[1]?.split(/^\.S[hs] /m)[0] ?? '';
  const items =
    section
      .split(/^\.El$/m)[0]
      ?.split(/^\.It Va /m)
      .slice(1) ?? [];
  return items.map((item) => {
    const [key = '', ...lines] = item.trim().split('\n');
    return { key, text: lines.join(' ') };
  });
}

/** What the schema says of a key, in the words of the manual. */
function sentenceOf(schema: v.GenericSchema): string {
  const optional = isOptional(schema);
  const value = optional ? schema.wrapped : schema;
  return `${kindOf(value)}${allowedBy(value)}. ${defaultOf(optional ? schema.default : undefined, optional)}.`;
}

function kindOf(schema: v.GenericSchema): string {
  if (schema.type === 'number') return 'A whole number ';
  return allowedBy(schema).startsWith('from ') ? 'A duration ' : '';
}

function defaultOf(value: unknown, optional: boolean): string {
  if (!optional) return 'Required';
  return value === undefined ? 'No default' : `Default: ${JSON.stringify(value)}`;
}

function allowedBy(schema: v.GenericSchema): string {
  const { allowed } = v.getMetadata(schema);
  expect(allowed, 'the schema says in words what it allows').toBeTypeOf('string');
  return String(allowed);
}

function isOptional(schema: v.GenericSchema): schema is v.OptionalSchema<v.GenericSchema, unknown> {
  return schema.type === 'optional';
}
