// What sample, manual page and docs/configuration.md are made of: the descriptions of src/config/, and the words for what
// each key allows. No I/O.
import type { AnyKey, Keys } from '../../src/config/key.js';
import { BACKCHANNELS, DOMAIN, MAP, SECTIONS } from '../../src/config/schema.js';

export type TableOfDocs = {
  /** As its line in the file begins: `[cache]`, `[backchannel.NAME]`. */
  readonly heading: string;
  /** The name that it has in the sample file, where it is the administrator's. */
  readonly sampleName: string;
  readonly type?: string;
  readonly title: string;
  readonly text: string;
  readonly keys: Keys;
};

/** In the order of the sample file. */
export function tablesOfDocs(): readonly TableOfDocs[] {
  const samples = { lmtp: 'cyrus', imap: 'network', list: 'names', mupdate: 'murder' };
  const { socketmap, lookup, ...others } = SECTIONS;
  const section = ([name, table]: readonly [string, Omit<TableOfDocs, 'heading' | 'sampleName'>]) => ({
    ...table,
    heading: `[${name}]`,
    sampleName: name,
  });
  return [
    ...Object.entries(BACKCHANNELS).map(([type, table]) => ({
      ...table,
      type,
      heading: '[backchannel.NAME]',
      sampleName: `backchannel.${samples[type as keyof typeof samples]}`,
    })),
    ...Object.entries({ socketmap, lookup }).map(section),
    { ...MAP, heading: '[map.NAME]', sampleName: 'map.shared' },
    { ...DOMAIN, heading: '[domain.NAME]', sampleName: 'domain."example.jp"' },
    ...Object.entries(others).map(section),
  ];
}

/** `A duration from 1s to 1h.` */
export function allowedSentence({ kind: { allowed } }: AnyKey): string {
  return `${/^(?:unix|true)/.test(allowed) ? allowed : capital(allowed)}.`;
}

export function defaultSentence(key: AnyKey): string {
  if (key.required) return 'Required.';
  if (key.default === undefined) return `No default: ${key.unset}.`;
  return `Default: ${toml(key.default)}.`;
}

export function toml(value: AnyKey['default']): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => JSON.stringify(each)).join(', ')}]`;
  const pairs = Object.entries(value).map(
    ([name, each]) => `${JSON.stringify(name)} = ${JSON.stringify(each)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}

/** Splits at the spaces between sentences. */
export function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.?!]\)?) (?=[A-Z`[0-9"])/);
}

export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
