// The tables of cyrusmapd.toml(5) in mdoc(7), made of the descriptions of the keys; the words around them are written in
// the page itself. No I/O.
import type { AnyKey } from '../../src/config/key.js';
import {
  allowedSentence,
  defaultSentence,
  sentencesOf,
  tablesOfDocs,
  wrap,
  type TableOfDocs,
} from './words.js';

const WIDTH = 78;

/** The page with its tables written anew: what is between the first of them and [domains]. */
export function manualPage(page: string): string {
  const begin = page.indexOf('.Ss [');
  const end = page.indexOf('.Ss [domains]');
  if (begin === -1 || end < begin) throw new Error('the page has no place for the tables');
  return `${page.slice(0, begin)}${tablesOfDocs().map(tableText).join('')}${page.slice(end)}`;
}

function tableText({ heading, type, text, keys }: TableOfDocs): string {
  const title = type === undefined ? heading : `${heading}, type = \\(dq${type}\\(dq`;
  const items = Object.entries(keys).map(([name, key]) => keyText(name, key, Object.keys(keys)));
  return `.Ss ${title}\n${mdoc(text)}\n.Bl -tag -width Ds\n${items.join('')}.El\n`;
}

function keyText(name: string, key: AnyKey, names: readonly string[]): string {
  const facts = [allowedSentence(key), defaultSentence(key)].map((each) => mdoc(each, names)).join('\n');
  return `.It Va ${name}\n${facts}\n.Pp\n${mdoc(key.text, names)}\n`;
}

/** A sentence begins a line; `word` becomes a literal, or the name of a key; imapd.conf(5) a reference. */
export function mdoc(text: string, names: readonly string[] = []): string {
  return sentencesOf(text)
    .flatMap((sentence) => sentence.split(/(\(?`[^`]+`[).,:;]*|[\w.]+\(\d\)[).,:;]*)/))
    .map((part) => macro(part.trim(), names))
    .filter((part) => part !== '')
    .join('\n');
}

function macro(part: string, names: readonly string[]): string {
  const literal = /^(\(?)`([^`]+)`([).,:;]*)$/.exec(part);
  if (literal !== null) {
    const [, open = '', word = '', close = ''] = literal;
    const name = names.includes(word) ? 'Va' : 'Li';
    return [`.${name}`, ...open, quoted(word), ...close].join(' ');
  }
  const reference = /^([\w.]+)\((\d)\)([).,:;]*)$/.exec(part);
  if (reference !== null) {
    const [, name = '', section = '', close = ''] = reference;
    return [`.Xr ${name} ${section}`, ...close].join(' ');
  }
  return part === '' ? '' : wrap(part, WIDTH).replaceAll(/^(?=[.'])/gm, '\\&');
}

function quoted(word: string): string {
  const escaped = word.replaceAll('"', '\\(dq');
  return /[ |]/.test(word) ? `"${escaped}"` : escaped.replace(/^(?=[.,:;()[\]?!])/, '\\&');
}
