// The list of verbs and fields of cyrusmapd-log(5) in mdoc(7), made of src/log/verbs/ and src/log/fields.ts; the words
// around it are written in the page itself. Reads the names of the files.
import { readdirSync } from 'node:fs';
import { FIELDS } from '../../src/log/fields.js';
import type { Verb } from '../../src/log/verb.js';
import { mdoc } from './manual.js';

const FOLDER = new URL('../../src/log/verbs/', import.meta.url);

export type Documented = Pick<Verb, 'verb' | 'levels' | 'prose' | 'fields' | 'optional'>;

/** Every verb that a file of src/log/verbs/ exports, in the order of the alphabet. */
export async function allVerbs(): Promise<readonly Documented[]> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
  const modules: object[] = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href) as Promise<object>),
  );
  return modules
    .flatMap((module) => Object.values(module).filter(isVerb))
    .toSorted((a, b) => (a.verb < b.verb ? -1 : 1));
}

/** The page with its two lists written anew. */
export function logPage(page: string, verbs: readonly Documented[]): string {
  const lists = [
    ['VERBS', verbs.map(verbText).join('')],
    ['FIELDS', Object.entries(FIELDS).map(fieldText).join('')],
  ] as const;
  return lists.reduce((text, [section, list]) => {
    const begin = text.indexOf('.Bl -tag', text.indexOf(`.Sh ${section}\n`));
    const end = text.indexOf('.El\n', begin);
    if (begin === -1 || end === -1) throw new Error(`the page has no list of ${section}`);
    return `${text.slice(0, begin)}.Bl -tag -width Ds\n${list}${text.slice(end)}`;
  }, page);
}

function verbText({ verb, levels, prose, fields = [], optional = [] }: Documented): string {
  const names = [...fields.map((name) => `.Va ${name}`), ...optional.map((name) => `.Op Va ${name}`)];
  const shown = names.map((name, index) => (index < names.length - 1 ? `${name} ,` : name)).join('\n');
  const level = levels.length === 1 ? levels[0] : `${levels.slice(0, -1).join(', ')} or ${levels.at(-1)}`;
  const list = shown === '' ? '' : `.br\n${shown}\n`;
  return `.It Li ${verb}\n.Pq ${level}\n${mdoc(prose)}\n${list}`;
}

function fieldText([name, { type, text }]: readonly [
  string,
  { readonly type: string; readonly text: string },
]): string {
  return `.It Va ${name}\n.Pq ${type}\n${mdoc(text)}\n`;
}

function isVerb(value: unknown): value is Documented {
  return typeof value === 'function' && 'verb' in value && 'prose' in value;
}
