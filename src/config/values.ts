// The kinds of value that the configuration file holds, each with the words for what it allows. A message that
// begins with `must` is put behind the key and its value; any other one behind the key alone. No I/O.
import * as v from 'valibot';
import { parseEndpoint } from '../net/endpoint.js';
import { messageOf } from '../errors.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../validation/recipient.js';
import { parseDuration } from './duration.js';
import { parseNetwork } from '../net/network.js';

/** Of a socket that only this machine can reach. */
export function unixEndpoint() {
  const allowed = 'unix:/path or local:/path';
  return v.pipe(
    v.string(`must be ${allowed}`),
    v.check((text) => /^(?:unix|local):\//.test(text), `must be ${allowed}`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || dataset.issues !== undefined) return;
      try {
        parseEndpoint(dataset.value);
      } catch (error) {
        addIssue({ message: messageOf(error) });
      }
    }),
    v.metadata({ allowed }),
  );
}

/** What a value may be, in words. */
export function allowedBy(schema: v.GenericSchema): string | undefined {
  const { allowed } = v.getMetadata(schema);
  return typeof allowed === 'string' ? allowed : undefined;
}

/** A table whose unknown keys are errors. */
export function table<const Entries extends Readonly<Record<string, v.GenericSchema>>>(entries: Entries) {
  return v.strictObject(entries, (issue) => {
    if (issue.expected === 'never') return `is not a key: allowed are ${Object.keys(entries).join(', ')}`;
    if (issue.received !== 'undefined') return 'must be a table';
    const missing = Object.entries(entries).find(([key]) => issue.expected === `"${key}"`);
    return missing === undefined ? 'is missing' : `is missing: must be ${allowedBy(missing[1])}`;
  });
}

/** Valibot takes an array for an object: `[[lookup]]` and `lookup = []` are no tables. */
export function tableOnly<const Schema extends v.GenericSchema>(schema: Schema) {
  const isTable = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
  return v.pipe(v.unknown(), v.check(isTable, 'must be a table'), schema);
}

/** @param max @param min durations; @param why where the limit comes from */
export function duration(min: string, max: string, why?: string) {
  const allowed = why === undefined ? `from ${min} to ${max}` : `from ${min} to ${max}, ${why}`;
  const least = parseDuration(min) ?? NaN;
  const most = parseDuration(max) ?? NaN;
  return v.pipe(
    v.string(`must be a duration ${allowed}, such as "${max}"`),
    v.check((text) => parseDuration(text) !== undefined, `must be a duration ${allowed}, such as "${max}"`),
    v.check((text) => {
      const ms = parseDuration(text);
      return ms === undefined || (ms >= least && ms <= most);
    }, `must be ${allowed}`),
    v.metadata({ allowed }),
  );
}

export function integer(min: number, max: number, why?: string) {
  const allowed = why === undefined ? `from ${min} to ${max}` : `from ${min} to ${max}, ${why}`;
  const message = `must be a whole number ${allowed}`;
  return v.pipe(
    v.number(message),
    v.check((value) => Number.isInteger(value) && value >= min && value <= max, message),
    v.metadata({ allowed }),
  );
}

export function choice<const Options extends readonly string[]>(...options: Options) {
  const allowed = `${options
    .slice(0, -1)
    .map((option) => `"${option}"`)
    .join(', ')} or "${options.at(-1)}"`;
  return v.pipe(v.picklist(options, `must be ${allowed}`), v.metadata({ allowed }));
}

export function flag() {
  return v.pipe(v.boolean('must be true or false'), v.metadata({ allowed: 'true or false' }));
}

/** @param accepts whether a text will do; @param allowed the words for what will */
export function text(accepts: (text: string) => boolean, allowed: string) {
  const message = `must be ${allowed}`;
  return v.pipe(v.string(message), v.check(accepts, message), v.metadata({ allowed }));
}

export function list<Item extends v.GenericSchema<string, string>>(item: Item, min: number, allowed: string) {
  return v.pipe(
    v.array(item, `must be an array of ${allowed}`),
    v.minLength(min, `must hold at least ${min} of ${allowed}`),
    v.metadata({ allowed: `an array of ${allowed}` }),
  );
}

export const ENDPOINTS = 'unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST';

export function endpoint() {
  return v.pipe(
    v.string(`must be ${ENDPOINTS}`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      try {
        parseEndpoint(dataset.value, '');
      } catch (error) {
        addIssue({ message: messageOf(error).trimStart() });
      }
    }),
    v.metadata({ allowed: ENDPOINTS }),
  );
}

export function network() {
  return text(
    (value) => parseNetwork(value) !== undefined,
    'a network such as 192.0.2.0/24 or 2001:db8::/32',
  );
}

export function absolutePath() {
  return text((value) => value.startsWith('/') && !value.includes('\0'), 'an absolute path');
}

/** Names the user or the group of a socket's file. */
export function account() {
  return text((value) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/.test(value), 'a name or a number');
}

export function fileMode() {
  return text((value) => /^0?[0-7]{3}$/.test(value), 'three octal digits such as "0660"');
}

/** An address that could be asked about; one with a detail names the same mailbox as one without. */
export function mailbox() {
  return text(
    (value) => !/\+|@$/.test(value) && parseKey(value, DEFAULT_ADDRESS_RULES).kind === 'recipient',
    'an address without detail, such as postmaster@example.jp',
  );
}
