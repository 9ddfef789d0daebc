// The keys (left-hand sides) of the tables in which Sendmail and Postfix have aliases, each read as its own program reads it:
// aliases(5) of Sendmail, virtusertable by makemap(8), virtual(5) of Postfix by postmap(1). Bytes are latin1. No I/O.
import { asciiLowerCase } from '../validation/recipient.js';

/** The format of a list: `mailboxes` has one name in each line, the others are tables of mail servers. */
export type ListFormat = 'mailboxes' | TableFormat;
export type TableFormat = 'aliases' | 'virtusertable' | 'virtual';

/** A key in lower case, as those programs make it. */
type TableKey = {
  readonly key: string;
  /** Whether the table says that there is no such address: `error:nouser` of virtusertable. */
  readonly refused: boolean;
};

/** Takes one line after the other, without line ends. @returns the key whose entry is complete with this line, if there is one */
export type TableReader = (line: string) => TableKey | undefined;

// The blanks of isspace(3). JavaScript's `\s` has more of them, and the bytes may be of any character set.
const BEGINS_BLANK = /^[ \t\n\v\f\r]/;
const IS_BLANK = /^[ \t\n\v\f\r]*$/;
const MAKEMAP_LINE = /^([^ \t\n\v\f\r#][^ \t\n\v\f\r]*)[ \t\n\v\f\r]+([^]*)$/;
const POSTMAP_KEY = /^((?:"(?:[^"\\]|\\.)*"|\\.|[^ \t\n\v\f\r"\\])+)(?:[ \t\n\v\f\r]|$)/;
const POSTMAP_SKIPPED = /^[ \t\n\v\f\r]*(?:#|$)/;
/** Names without the characters that mean something else to Sendmail: a route, a comment, a list. */
const ALIAS_NAME = /^[^ \t\n\v\f\r()<>,:"!%@]+(?:@[^ \t\n\v\f\r()<>,:"!%@]+)?$/;

export function tableReader(format: TableFormat): TableReader {
  switch (format) {
    case 'aliases':
      return aliasReader();
    case 'virtusertable':
      return readMakemapLine;
    case 'virtual':
      return postmapReader();
  }
}

/** makemap refuses a line that begins with a blank, and one without a value. */
function readMakemapLine(line: string): TableKey | undefined {
  const [, key, value = ''] = MAKEMAP_LINE.exec(line) ?? [];
  if (key === undefined || value === '') return undefined;
  return { key: asciiLowerCase(key), refused: /^"?error\s*:/i.test(value) };
}

/** A line that begins with a blank continues the line before it, even if comments and empty lines are in between. */
function postmapReader(): TableReader {
  let waiting: TableKey | undefined;
  return (line) => {
    if (POSTMAP_SKIPPED.test(line)) return undefined;
    const before = waiting;
    waiting = undefined;
    if (BEGINS_BLANK.test(line)) return before;
    const key = POSTMAP_KEY.exec(line)?.[1];
    if (key === undefined) return undefined;
    const found = { key: asciiLowerCase(unquoted(key)), refused: false };
    if (!IS_BLANK.test(line.slice(key.length))) return found;
    waiting = found;
    return undefined;
  };
}

/** As readaliases() of Sendmail's alias.c: a backslash at the end continues any line, and so does a blank before the next one. */
function aliasReader(): TableReader {
  let waiting: TableKey | undefined;
  let continued = false;
  return (line) => {
    const goesOn = line.endsWith('\\');
    const before = waiting;
    const isMore = continued;
    continued = goesOn;
    if (isMore) return undefined;
    waiting = undefined;
    if (/^[ \t]/.test(line)) return IS_BLANK.test(line) ? undefined : before;
    const colon = line.indexOf(':');
    if (line === '' || line.startsWith('#') || colon === -1) return undefined;
    const key = aliasName(line.slice(0, colon));
    if (key === undefined) return undefined;
    if (!IS_BLANK.test(line.slice(colon + 1))) return { key, refused: false };
    waiting = { key, refused: false };
    return undefined;
  };
}

function aliasName(written: string): string | undefined {
  const name = written.trim();
  const quoted = /^"([^"\\]*)"$/.exec(name)?.[1];
  if (quoted !== undefined) return quoted === '' ? undefined : asciiLowerCase(quoted);
  return ALIAS_NAME.test(name) ? asciiLowerCase(name) : undefined;
}

/** Postfix looks up a local part in quotes only where it needs them, so an entry such as `"alice"@example.jp` is never found. */
const NEEDS_NO_QUOTES = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;

/** Removes the quotes that a local part needs, since a key of a socketmap has none. */
function unquoted(key: string): string {
  const [, quoted, domain = ''] = /^"((?:[^"\\]|\\.)*)"(@[^"@]*)?$/s.exec(key) ?? [];
  if (quoted === undefined) return key;
  const local = quoted.replace(/\\(.)/gs, '$1');
  return NEEDS_NO_QUOTES.test(local) ? key : local + domain;
}
