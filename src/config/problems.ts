// What is wrong with a configuration: sentences that name the key, its value and what is allowed. No I/O.
import type { Path } from './key.js';

/** One thing that is wrong, and where: for the line of the file. */
export type Problem = {
  readonly path: Path;
  /** With the key in front: `lookup.deadline is "40s": must be from 100ms to 25s`. */
  readonly sentence: string;
};

/** Longest part of a value that an error repeats. */
const SHOWN_MAX = 80;

/** @param rest what follows the key: `is 5: must be…`, `is missing: …` */
export function problem(path: Path, rest: string): Problem {
  return { path, sentence: `${showPath(path)} ${rest}` };
}

export function showValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && !Array.isArray(value)) return 'a table';
  // JSON has neither inf nor nan, which TOML has.
  const text = typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** As it would be written in TOML: `domains."*.example.jp"`; elements count from one: `socketmap.listen[1]`. */
export function showPath(path: Path): string {
  let shown = '';
  for (const key of path) {
    if (typeof key === 'number') shown += `[${key + 1}]`;
    else shown += `${shown === '' ? '' : '.'}${showKey(key)}`;
  }
  return shown === '' ? 'the file' : shown;
}

function showKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
