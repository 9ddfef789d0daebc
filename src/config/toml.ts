// TOML (toml.io, v1.0) by smol-toml, loaded only where there is a file, with faults told in words for who typed them. No I/O.
import { ConfigError } from '../errors.js';
import type { TableOfFile } from './read.js';

/** @throws ConfigError naming line and column */
export async function parseToml(text: string, file: string): Promise<TableOfFile> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '') ?? '';
    const line = text.split('\n')[error.line - 1] ?? '';
    const place = `${file}:${error.line}:${error.column}`;
    throw new ConfigError(`${place}: not TOML: ${explained(reason, line)}`, { cause: error });
  }
}

/** Says what was probably meant, where the parser only says what it found. */
function explained(reason: string, line: string): string {
  if (reason === 'unfinished string' && /"""|'''/.test(line))
    return 'a quote is not closed: the text must end with the same three quotes';
  if (/control characters are not allowed in strings|unfinished string/.test(reason) || isUnclosed(line))
    return 'a quote is not closed: the text must end with the same quote, in the same line';
  if (/trying to redefine/.test(reason)) return 'this stands in the file above already: it must stand once';
  const bare = /=\s*(\d+(?:ms|[smhd]))\s*(?:#|$)/.exec(line)?.[1];
  if (bare !== undefined) return `a duration must be in quotes: "${bare}"`;
  if (reason === 'unfinished array' || (reason === 'invalid value' && /^\s*(?:\[|$)/.test(line)))
    return 'a bracket [ is not closed, here or in a line above';
  if (reason === 'expected comma or end of structure')
    return 'a comma is missing before this, or a closing bracket';
  if (reason === 'invalid value') return `${reason}: a text must be in quotes`;
  if (/key/.test(reason)) return `${reason}: a line must be [table] or key = value`;
  return reason;
}

/** An odd number of double quotes that nothing escapes. */
function isUnclosed(line: string): boolean {
  const quotes = line
    .replaceAll(/\\./g, '')
    .replaceAll(/'[^']*'/g, '')
    .replaceAll('"""', '');
  return (quotes.split('"').length - 1) % 2 === 1;
}
