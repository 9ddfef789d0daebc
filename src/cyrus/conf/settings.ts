// The settings `name: value` of imapd.conf(5) and of the files that it includes, in the order in which Cyrus reads them, and each
// line that would keep Cyrus from starting. As config_read_file() of Cyrus' lib/libconfig.c. No I/O.
import { ConfigError } from '../../errors.js';
import { cutLines } from './lines.js';

/** How many different files may be included. */
export const FILES_MAX = 64;

/** A place such as `/etc/imapd.conf:12`. Line 0 means that something is missing in the file. */
export type Where = { readonly path: string; readonly line: number };

export type Setting = {
  /** In lower case; where the name of a service stands before it, that is included: `lmtpunix_postuser`. */
  readonly name: string;
  readonly value: string;
  readonly where: Where;
};

/** A line at which the programs of Cyrus end with `fatal error`, so that none of them starts any more. */
export type Refusal = { readonly where: Where; readonly what: string };

export type Line = Setting | Refusal;

/**
 * @param read gives the bytes of a file, one character for each; `from` is the line that includes it
 * @throws ConfigError where there are more than FILES_MAX files, and what `read` throws
 */
export function readSettings(path: string, read: (path: string, from: Where | undefined) => string): Line[] {
  const lines: Line[] = [];
  const files = new Set<string>();
  const readFile = (file: string, from: Where | undefined): void => {
    if (files.size === FILES_MAX) throw new ConfigError(`${path} includes more than ${FILES_MAX} files`);
    const text = read(file, from);
    files.add(file);
    for (const { text: line, line: number } of cutLines(text)) {
      const parsed = parseLine(line, { path: file, line: number });
      if (parsed === undefined) continue;
      if (!('name' in parsed) || parsed.name !== '@include') lines.push(parsed);
      else if (!files.has(parsed.value)) readFile(parsed.value, parsed.where);
      else lines.push({ where: parsed.where, what: `${parsed.value} is included twice` });
    }
  };
  readFile(path, undefined);
  return lines;
}

/** @returns undefined for an empty line and for a comment */
function parseLine(line: string, where: Where): Line | undefined {
  const start = skipBlanks(line, 0);
  if (start === line.length || line[start] === '#') return undefined;
  let end = start;
  if (line[end] === '@') end++;
  while (end < line.length && isNameCharacter(line.charCodeAt(end))) end++;
  if (line[end] !== ':')
    return { where, what: 'invalid option name: must be letters, digits, - or _, then :' };
  const name = line.slice(start, end).toLowerCase();
  const valueStart = skipBlanks(line, end + 1);
  let valueEnd = line.length;
  // The first character of a value is never removed, as in Cyrus.
  while (valueEnd > valueStart + 1 && isBlank(line.charCodeAt(valueEnd - 1))) valueEnd--;
  if (valueStart === line.length) return { where, what: `${name} has an empty value` };
  if (name.startsWith('@') && name !== '@include')
    return { where, what: `${name} is no directive: @include is` };
  return { name, value: decode(line.slice(valueStart, valueEnd)), where };
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (at < line.length && isBlank(line.charCodeAt(at))) at++;
  return at;
}

/** As isspace() in the C locale: tab, LF, VT, FF, CR, space. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function isNameCharacter(code: number): boolean {
  const letter = code | 0x20;
  const isLetter = letter >= 0x61 && letter <= 0x7a;
  return isLetter || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f;
}

function decode(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** Line 0 is left out, since then no line is to blame. */
export function formatWhere({ path, line }: Where): string {
  return line === 0 ? path : `${path}:${line}`;
}
