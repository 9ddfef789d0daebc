// Gathers the addresses by which two socketmaps are compared from all sources that are named: each address once, and no more than a
// limit. I/O: reads files and standard input, line by line.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { ConfigError, messageOf } from '../errors.js';
import { addressesOfLines, domainOfKey, domainsOfTable } from './addresses.js';
import { addressesOfMailLog } from './mail-log.js';
import { inventedOf, nearMissesOf } from './near-misses.js';

/** The longest line, in bytes. */
const LINE_MAX = 65_536;

/** The name that stands for standard input. */
const STDIN = '-';

export type Sources = {
  /** Files with one address in each line; `-` is standard input. */
  readonly addresses: readonly string[];
  readonly mailLogs: readonly string[];
  /** Files that are a mailertable, or hold a class. */
  readonly domainTables: readonly string[];
  /** The domains that are served, in lower case. Empty where they are not known: then all addresses of a mail log are taken. */
  readonly served: readonly string[];
  readonly nearMisses: boolean;
  readonly max: number;
};

export type Gathered = {
  /** Latin1, in the order in which they were found. */
  readonly keys: ReadonlySet<string>;
  /** How many addresses of mail logs were left out because their domains are not served here. */
  readonly elsewhere: number;
  /** Whether there were more than `max`. */
  readonly cut: boolean;
};

/** @throws ConfigError where a file cannot be read */
export async function gather(sources: Sources, stdin: Readable): Promise<Gathered> {
  const keys = new Set<string>();
  const domains = new Set<string>(sources.served);
  const strange = new Set<string>();
  let cut = false;
  const add = (key: string): void => {
    if (keys.size < sources.max || keys.has(key)) keys.add(key);
    else cut = true;
  };
  for (const file of sources.domainTables)
    for (const each of domainsOfTable((await allLines(file, stdin)).join('\n'))) domains.add(each);
  for (const domain of domains) if (sources.domainTables.length > 0) inventedOf(domain).forEach(add);
  for (const file of sources.addresses)
    for await (const line of linesOf(file, stdin)) addressesOfLines(line).forEach(add);
  for (const file of sources.mailLogs) {
    for await (const line of linesOf(file, stdin)) {
      for (const key of addressesOfMailLog(line)) {
        if (domains.size === 0 || domains.has(domainOfKey(key) ?? '')) add(key);
        else if (strange.size < sources.max) strange.add(key);
      }
    }
  }
  if (sources.nearMisses) {
    const known = domains.size > 0 ? [...domains] : [...new Set([...keys].map(domainOfKey))].flatMap(named);
    for (const key of [...keys]) nearMissesOf(key, known).forEach(add);
  }
  return { keys, elsewhere: strange.size, cut };
}

/** All lines of a file, since a table is judged as a whole. */
async function allLines(file: string, stdin: Readable): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(file, stdin)) lines.push(line);
  return lines;
}

/** The lines of a file. A line that is longer than any address or log line is dropped whole. */
async function* linesOf(file: string, stdin: Readable): AsyncGenerator<string> {
  const input = file === STDIN ? stdin : createReadStream(file);
  input.setEncoding('latin1');
  let rest = '';
  let isDropped = false;
  try {
    for await (const chunk of input) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      // What has been read of such a line is gone, so its last part would be taken for a line.
      if (isDropped && lines.length > 0) {
        lines.shift();
        isDropped = false;
      }
      if (isDropped || rest.length > LINE_MAX) {
        rest = '';
        isDropped = true;
      }
      yield* lines;
    }
  } catch (cause) {
    throw new ConfigError(`${file}: cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (rest !== '') yield rest;
}

function named(domain: string | undefined): string[] {
  return domain === undefined ? [] : [domain];
}
