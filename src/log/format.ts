// The forms of a log line. A line comes as JSON and stays so for files and programs; for people it is text, and for journald
// text with the priority in front (sd-daemon(3)). Looks at standard error, to see who reads it.
import { fstatSync } from 'node:fs';
import type { LogConfig } from '../config/config.js';
import { escapeObeyed } from './cut.js';
import type { Level } from './verb.js';

type Form = 'text' | 'json' | 'journal';

/** The priorities of syslog(3). */
const PRIORITIES: { readonly [level in Level]: number } = {
  trace: 7,
  debug: 7,
  info: 6,
  warn: 4,
  error: 3,
  fatal: 2,
};

/** @returns from a line of JSON with its newline to the line that is written */
export function formatterOf(config: Pick<LogConfig, 'format' | 'file'>): (line: string) => string {
  switch (formOf(config)) {
    case 'json':
      return escapeObeyed;
    case 'text':
      return (line) => escapeObeyed(textOf(line, ({ time, level }) => `${time} ${level} `));
    case 'journal':
      return (line) => escapeObeyed(textOf(line, ({ level }) => `<${PRIORITIES[level]}>`));
  }
}

function formOf({ format, file }: Pick<LogConfig, 'format' | 'file'>): Form {
  if (format !== 'auto') return format;
  if (file !== undefined) return 'json';
  if (process.stderr.isTTY) return 'text';
  return isJournal(process.env['JOURNAL_STREAM']) ? 'journal' : 'json';
}

/** Whether standard error is still the journal's, by device and inode (systemd.exec(5)): it may have been redirected since. */
function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(process.stderr.fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

type Line = { level: Level; time: string; event: string; msg: string; [field: string]: unknown };

/** `listening: A listener is open. endpoint=unix:/run/socketmap` */
function textOf(json: string, front: (line: Line) => string): string {
  // It needs no check: pino has just written the line, and the verbs gave it its fields.
  const line = JSON.parse(json) as Line;
  const { level: _level, time: _time, event, msg, ...fields } = line;
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${valueOf(value)}`);
  return `${front(line)}${event}: ${msg}${shown.join('')}\n`;
}

/** In quotes where it is not one plain word. */
function valueOf(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"'\\=\p{Cc}]+$/u.test(value)) return value;
  return JSON.stringify(value);
}
