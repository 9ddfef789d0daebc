// The settings `name: value` of imapd.conf(5) and of the files that it includes, in the order in which Cyrus reads them,
// and each line at which Cyrus would end. After config_read_file() of Cyrus' lib/libconfig.c. No I/O.
import { ConfigError } from '../../errors.js';
import { cutLines } from './lines.js';

/** One file is read once, so this is reached only by so many different ones. */
export const FILES_MAX = 64;

/** `/etc/imapd.conf:12`; line 0 where something is missing. */
export type Where = { readonly path: string; readonly line: number };

export type Setting = {
  /** Lower case, with the name of a service before it where one is written: `lmtpunix_postuser`. */
  readonly name: string;
  readonly value: string;
  readonly where: Where;
};

/** Cyrus' programs end at this line with `fatal error`, so none of them starts any more. */
export type Refusal = { readonly where: Where; readonly what: string };

export type Line = Setting | Refusal;

/**
 * @param read the bytes of a file, one character each; `from` is the line that includes it
 * @throws ConfigError for more than FILES_MAX files, and whatever `read` throws
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
  // The first character stays, as it does in Cyrus.
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

/** isspace() of the C locale: tab, LF, VT, FF, CR, space. */
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

/** Without the line where it is 0: then none is to blame. */
export function formatWhere({ path, line }: Where): string {
  return line === 0 ? path : `${path}:${line}`;
}
