// The kinds of value that the configuration file holds, each read once: checked and turned into what the daemon uses.
// The words for what is allowed serve errors, sample, manual and docs alike. No I/O.
import { messageOf } from '../errors.js';
import { parseEndpoint, type Endpoint } from '../net/endpoint.js';
import { parseNetwork, type Network } from '../net/network.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../validation/recipient.js';
import { parseDuration, withUnit } from './duration.js';
import type { Kind, Report } from './key.js';
import { showValue } from './problems.js';

/** @param max @param min durations; @param why where the limit comes from */
export function duration(min: string, max: string, why?: string): Kind<number, 'Ms'> {
  const limits = `from ${min} to ${max}${why === undefined ? '' : `, ${why}`}`;
  const least = parseDuration(min) ?? NaN;
  const most = parseDuration(max) ?? NaN;
  const within = (ms: number): boolean => ms >= least && ms <= most;
  return {
    suffix: 'Ms',
    allowed: `a duration ${limits}`,
    read: (written, report) => {
      const ms = typeof written === 'string' ? parseDuration(written) : undefined;
      if (ms !== undefined && within(ms)) return ms;
      if (ms !== undefined) return wrong(written, `must be ${limits}`, report);
      const example = withUnit(written, within) ?? max;
      return wrong(written, `must be a duration ${limits}, such as "${example}"`, report);
    },
  };
}

/** @param unit what is counted, in the plural, for the manual; @param why where the limit comes from */
export function integer(min: number, max: number, unit: string, why?: string): Kind<number> {
  const limits = `from ${min} to ${max}${why === undefined ? '' : `, ${why}`}`;
  const fits = (written: unknown): written is number =>
    typeof written === 'number' && Number.isInteger(written) && written >= min && written <= max;
  return {
    suffix: '',
    allowed: `a whole number of ${unit} ${limits}`,
    read: (written, report) =>
      fits(written) ? written : wrong(written, `must be a whole number ${limits}`, report),
  };
}

export function choice<const Option extends string>(...options: readonly Option[]): Kind<Option> {
  const shown = options.map((option) => `"${option}"`);
  return kind(`${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`, (written) =>
    options.find((option) => option === written),
  );
}

export function flag(): Kind<boolean> {
  return kind('true or false', (written) => (typeof written === 'boolean' ? written : undefined));
}

/** @param accepts whether a text will do; @param allowed the words for what will */
export function text(accepts: (text: string) => boolean, allowed: string): Kind<string> {
  return kind(allowed, (written) => (typeof written === 'string' && accepts(written) ? written : undefined));
}

/** @param many what it holds, in the plural; @param min how many at least */
export function list<Item>(item: Kind<Item>, many: string, min = 0): Kind<readonly Item[]> {
  const allowed = `an array of ${many}`;
  return {
    suffix: '',
    allowed,
    read: (written, report) => {
      if (!Array.isArray(written)) return wrong(written, `must be ${allowed}`, report);
      if (written.length < min) return wrong(written, `must hold at least ${min} of ${many}`, report);
      const items: unknown[] = written;
      return items.flatMap(
        (each, index) => item.read(each, (what, at = []) => report(what, [index, ...at])) ?? [],
      );
    },
  };
}

/** One value, or an array of such values; it is always read as an array. @param many in the plural; @param max how many at most */
export function oneOrMore<Item>(item: Kind<Item>, many: string, max: number): Kind<readonly Item[]> {
  const several = list(item, many, 1);
  return {
    suffix: '',
    allowed: `${item.allowed}, or an array of up to ${max} ${many}`,
    read: (written, report) => {
      if (Array.isArray(written) && written.length > max)
        return wrong(written, `must hold at most ${max} of ${many}`, report);
      if (Array.isArray(written)) return several.read(written, report);
      const one = item.read(written, report);
      return one === undefined ? undefined : [one];
    },
  };
}

type TableKind<Value> = {
  /** What a name must be. */
  readonly name: RegExp;
  readonly value: Kind<Value>;
  /** What it holds, in the plural. */
  readonly many: string;
  readonly max: number;
};

/** A table of names of the administrator's, with a value each; read in lower case, where a name stands once. */
export function tableOf<Value>({
  name,
  value,
  many,
  max,
}: TableKind<Value>): Kind<ReadonlyMap<string, Value>> {
  const allowed = `a table of up to ${max} ${many}, each with ${value.allowed}`;
  return {
    suffix: '',
    allowed,
    read: (written, report) => {
      if (
        typeof written !== 'object' ||
        written === null ||
        Array.isArray(written) ||
        written instanceof Date
      )
        return wrong(written, `must be ${allowed}`, report);
      const entries: [string, unknown][] = Object.entries(written);
      if (entries.length === 0 || entries.length > max)
        report(`has ${entries.length} ${many}: must have from 1 to ${max}`);
      const values = new Map<string, Value>();
      for (const [each, one] of entries) {
        const read = value.read(one, (what, at = []) => report(what, [each, ...at]));
        if (!name.test(each)) report(`is no name for one of the ${many}: letters, digits, - and .`, [each]);
        else if (values.has(each.toLowerCase())) report('is named twice: case does not count', [each]);
        else if (read !== undefined) values.set(each.toLowerCase(), read);
      }
      return values;
    },
  };
}

const ENDPOINTS = 'unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST';

export function endpoint(): Kind<Endpoint> {
  return { suffix: '', allowed: ENDPOINTS, read: readEndpoint };
}

export type UnixEndpoint = Extract<Endpoint, { kind: 'unix' }>;

/** The endpoint of a socket that only this machine can reach. */
export function unixEndpoint(): Kind<UnixEndpoint> {
  const allowed = 'unix:/path or local:/path';
  return {
    suffix: '',
    allowed,
    read: (written, report) => {
      if (typeof written !== 'string' || !/^(?:unix|local):\//.test(written))
        return wrong(written, `must be ${allowed}`, report);
      const read = readEndpoint(written, report);
      return read?.kind === 'unix' ? read : undefined;
    },
  };
}

function readEndpoint(written: unknown, report: Report): Endpoint | undefined {
  if (typeof written !== 'string') return wrong(written, `must be ${ENDPOINTS}`, report);
  try {
    return parseEndpoint(written, '');
  } catch (error) {
    report(messageOf(error).trimStart());
    return undefined;
  }
}

export function network(): Kind<Network> {
  return kind('a network such as 192.0.2.0/24 or 2001:db8::/32', (written) =>
    typeof written === 'string' ? parseNetwork(written) : undefined,
  );
}

export function absolutePath(): Kind<string> {
  return text((value) => value.startsWith('/') && !value.includes('\0'), 'an absolute path');
}

/** Names the user or the group of a socket's file. */
export function account(): Kind<string> {
  return text((value) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/.test(value), 'a name or a number');
}

/** As chmod(2) takes it. */
export function fileMode(): Kind<number> {
  return kind('three octal digits such as "0660"', (written) =>
    typeof written === 'string' && /^0?[0-7]{3}$/.test(written) ? Number.parseInt(written, 8) : undefined,
  );
}

export function hostName(): Kind<string> {
  return text((value) => /^[A-Za-z0-9.:_-]{1,253}$/.test(value), 'a host name or an address');
}

/** As in [domains], but of one domain. */
export function domainName(): Kind<string> {
  return text((value) => /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(value), 'a domain such as example.jp');
}

/** An address that could be asked about; one with a detail names the same mailbox as one without. */
export function mailbox(): Kind<string> {
  return text(
    (value) => !/\+|@$/.test(value) && parseKey(value, DEFAULT_ADDRESS_RULES).kind === 'recipient',
    'an address without detail, such as postmaster@example.jp',
  );
}

function kind<Value>(allowed: string, read: (written: unknown) => Value | undefined): Kind<Value> {
  return {
    suffix: '',
    allowed,
    read: (written, report) => read(written) ?? wrong(written, `must be ${allowed}`, report),
  };
}

function wrong(written: unknown, allowed: string, report: Report): undefined {
  report(`is ${showValue(written)}: ${allowed}`);
}
