// Reads the addresses of a list file, once nobody writes to it any more. It reads in slices, since a million names take seconds,
// and lookups must be answered meanwhile. I/O: this file.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConfigError, messageOf } from '../errors.js';
import { readStableFile, type FileState } from '../net/stable-file.js';
import { parseKey, type AddressRules } from '../validation/recipient.js';
import { ListedAddresses } from './listed-addresses.js';
import { tableReader, type ListFormat } from './table-keys.js';

/** Enough for some millions of mailboxes; with more than that, Cyrus should be asked instead. */
const LIST_MAX_BYTES = 64 * 1024 * 1024;

/** A file to which nobody has written for so many milliseconds is taken for complete. */
const QUIET_MS = 200;

const WHOLE_DOMAIN = /^@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** How many milliseconds of work are done before others have their turn. */
const SLICE_MS = 2;
const NAMES_BETWEEN_LOOKS = 64;

export type ListOrigin = {
  readonly file: string;
  readonly format: ListFormat;
  /** The domains, in lower case, to which an entry without a domain belongs. Undefined: the default domain. */
  readonly domains: readonly string[] | undefined;
};

export type ReadList = { readonly names: ListedAddresses; readonly state: FileState };

/**
 * @param key the configuration key, for errors
 * @param rules by these rules a line becomes the name of a mailbox, as a recipient does
 * @throws ConfigError where the file cannot be read, is too long, or has a line that is no mailbox
 */
export async function readList(origin: ListOrigin, key: string, rules: AddressRules): Promise<ReadList> {
  const { file } = origin;
  const { bytes, state } = await readStableFile(file, { maxBytes: LIST_MAX_BYTES, quietMs: QUIET_MS }).catch(
    (cause: unknown) => {
      throw new ConfigError(`${key} is ${file}: ${messageOf(cause)}`, { cause });
    },
  );
  return { names: await parseList(bytes, origin, key, rules), state };
}

/**
 * The same as readList(), for the bytes of a file.
 * @throws ConfigError where a line is no mailbox. In a table of a mail server such a line is left out, as the mail server does
 */
export async function parseList(
  bytes: Buffer,
  { file, format, domains }: ListOrigin,
  key: string,
  rules: AddressRules,
): Promise<ListedAddresses> {
  const here = new Set(domains ?? [rules.defaultDomain].filter((domain) => domain !== undefined));
  // In the format `mailboxes` a name without domain is always in the default domain too, so that is not added here.
  const names = new ListedAddresses(format, format === 'mailboxes' ? new Set(domains) : here);
  const read = format === 'mailboxes' ? undefined : tableReader(format);
  let sliceBegan = performance.now();
  for (let from = 0, line = 1; from < bytes.length; line += 1) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline === -1 ? bytes.length : newline;
    const text = bytes.toString('latin1', from, end);
    from = end + 1;
    if (read === undefined) addMailbox(names, text, rules, `${key}: ${file} line ${line}`);
    else {
      const found = read(text);
      if (found !== undefined) names.add(ownCopy(bareWhereHere(found.key, format, here)), found.refused);
    }
    if (line % NAMES_BETWEEN_LOOKS === 0 && performance.now() - sliceBegan >= SLICE_MS) {
      await nextTurn();
      sliceBegan = performance.now();
    }
  }
  return names;
}

function addMailbox(names: ListedAddresses, text: string, rules: AddressRules, where: string): void {
  const name = withoutComment(text);
  if (name === '') return;
  if (WHOLE_DOMAIN.test(name)) return names.add(name.toLowerCase());
  const parsed = parseKey(name, rules);
  if (parsed.kind !== 'recipient')
    throw new ConfigError(`${where} is ${JSON.stringify(name)}: must be a mailbox`);
  names.add(parsed.recipient.mailbox);
}

/** In Sendmail's aliases a name with the domain of this host means the same as the name alone, so the domain is removed. */
function bareWhereHere(key: string, format: ListFormat, here: ReadonlySet<string>): string {
  const at = key.lastIndexOf('@');
  return format === 'aliases' && at > 0 && here.has(key.slice(at + 1)) ? key.slice(0, at) : key;
}

/** A copy, since a part of a line would keep the whole line in memory. */
function ownCopy(part: string): string {
  return Buffer.from(part, 'latin1').toString('latin1');
}

/** A comment begins at the start of a line or after a blank; elsewhere `#` may belong to an address. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at !== -1; at = line.indexOf('#', at + 1)) {
    if (at === 0 || line[at - 1] === ' ' || line[at - 1] === '\t') return line.slice(0, at).trim();
  }
  return line.trim();
}
