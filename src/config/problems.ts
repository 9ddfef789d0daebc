// From what is wrong with a file to a sentence that names the key, its value and what is allowed. No I/O.
import type * as v from 'valibot';

/** Longest part of a value that an error repeats. */
const SHOWN_MAX = 80;

type Issue = v.BaseIssue<unknown>;

/** @param name of what was checked, where the issue has no path of its own */
export function describeIssue(issue: Issue, name = ''): string {
  const path = keyPath(issue) || name;
  return issue.message.startsWith('must')
    ? `${path} is ${showValue(issue.input)}: ${issue.message}`
    : `${path} ${issue.message}`;
}

export function showValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && !Array.isArray(value)) return 'a table';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** As it would be written in TOML: `domains."*.example.jp"`, `socketmap.listen[1]`. */
function keyPath(issue: Issue): string {
  let path = '';
  for (const { key } of issue.path ?? []) {
    if (typeof key === 'number') path += `[${key + 1}]`;
    else path += `${path === '' ? '' : '.'}${showKey(String(key))}`;
  }
  return path;
}

function showKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
