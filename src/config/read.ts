// Makes values of what TOML holds: each key is checked, gets its default and becomes what the daemon uses, once, by its own
// description. Whatever no description names is a problem. No I/O.
import { nearest } from './did-you-mean.js';
import { nameInConfig, type AnyKey, type Keys, type Path } from './key.js';
import { problem, showValue, type Problem } from './problems.js';
import {
  BACKCHANNELS,
  DOMAIN,
  MAP,
  NAMES,
  ROOT_KEYS,
  SECTIONS,
  type BackchannelType,
  type BackchannelValues,
  type DomainValues,
  type MapValues,
  type SectionValues,
  type Settings,
  type Values,
} from './schema.js';

export type TableOfFile = { readonly [key: string]: unknown };

export type Reading = {
  /** To be used only where there is no problem. */
  readonly values: Values;
  readonly settings: Settings;
  readonly problems: readonly Problem[];
};

/** A table as it would be written with all defaults, and its values. */
type ReadTable = { readonly settings: Settings; readonly values: object };

export function readSettings(file: TableOfFile): Reading {
  const reader = new Reader();
  reader.root(file);
  const sections = Object.entries(SECTIONS).map(
    ([name, { keys }]) => [name, reader.table(keys, file[name], [name])] as const,
  );
  const backchannels = reader.named('backchannel', file, (each, path) => reader.backchannel(each, path));
  const maps = reader.named('map', file, (each, path) => reader.table(MAP.keys, each, path));
  const domain = reader.named('domain', file, (each, path) => reader.table(DOMAIN.keys, each, path));
  const domains = reader.domains(file);
  const values = (named: readonly (readonly [string, ReadTable])[]) =>
    named.map(([name, each]) => [name, each.values] as const);
  const settings = (named: readonly (readonly [string, ReadTable])[]) =>
    tableOf(named.map(([name, each]) => [name, each.settings]));
  return {
    values: {
      ...(Object.fromEntries(values(sections)) as SectionValues),
      backchannel: new Map(values(backchannels) as readonly (readonly [string, BackchannelValues])[]),
      map: new Map(values(maps) as readonly (readonly [string, MapValues])[]),
      domain: new Map(values(domain) as readonly (readonly [string, DomainValues])[]),
      domains: new Map(
        domains.map(([domain, names]) => [domain, typeof names === 'string' ? [names] : names]),
      ),
    },
    settings: {
      ...settings(sections),
      backchannel: settings(backchannels),
      map: settings(maps),
      domain: settings(domain),
      domains: tableOf(domains),
    },
    problems: reader.problems,
  };
}

class Reader {
  readonly problems: Problem[] = [];

  root(file: TableOfFile): void {
    for (const key of Object.keys(file)) if (!ROOT_KEYS.includes(key)) this.#unknown([key], key, ROOT_KEYS);
  }

  table(keys: Keys, written: unknown, path: Path, also: readonly string[] = []): ReadTable {
    const table = this.#table(written, path);
    if (table === undefined) return { settings: {}, values: {} };
    const names = [...also, ...Object.keys(keys)];
    for (const key of Object.keys(table)) if (!names.includes(key)) this.#unknown([...path, key], key, names);
    const values: [string, unknown][] = [];
    const settings: [string, unknown][] = [];
    for (const [name, key] of Object.entries(keys)) {
      const found = Object.hasOwn(table, name) ? table[name] : key.default;
      values.push([nameInConfig(name, key.kind.suffix), this.#value(key, found, [...path, name])]);
      if (found !== undefined) settings.push([name, found]);
    }
    return { settings: tableOf(settings), values: tableOf(values) };
  }

  /** The tables of a table, such as `[map.cyrus]` and `[map.shared]`. */
  named(
    name: 'backchannel' | 'map' | 'domain',
    file: TableOfFile,
    read: (written: unknown, path: Path) => ReadTable,
  ): (readonly [string, ReadTable])[] {
    return this.#entries(name, file).map(([each, written]) => [each, read(written, [name, each])] as const);
  }

  backchannel(written: unknown, path: Path): ReadTable {
    const table = this.#table(written, path);
    if (table === undefined) return { settings: {}, values: {} };
    const { type } = table;
    if (!isBackchannelType(type)) {
      const known = Object.keys(BACKCHANNELS).map((each) => `"${each}"`);
      const allowed = `must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`;
      const found = type === undefined ? 'is missing' : `is ${showValue(type)}`;
      this.problems.push(problem([...path, 'type'], `${found}: ${allowed}`));
      return { settings: {}, values: {} };
    }
    const { settings, values } = this.table(BACKCHANNELS[type].keys, table, path, ['type']);
    return { settings: { type, ...settings }, values: { type, ...values } };
  }

  /** As written: the name of a back-channel, or an array of names. */
  domains(file: TableOfFile): (readonly [string, string | readonly string[]])[] {
    const routes: [string, string | readonly string[]][] = [];
    for (const [domain, written] of this.#entries('domains', file)) {
      const names: readonly unknown[] = Array.isArray(written) ? written : [];
      const texts = names.filter((name) => typeof name === 'string');
      const whole = texts.length > 0 && texts.length === names.length;
      if (typeof written === 'string') routes.push([domain, written]);
      else if (whole) routes.push([domain, texts]);
      else {
        const what = `is ${showValue(written)}: must be the name of a back-channel, or an array of such names`;
        this.problems.push(problem(['domains', domain], what));
      }
    }
    return routes;
  }

  #entries(name: keyof typeof NAMES, file: TableOfFile): [string, unknown][] {
    const { pattern, wrong } = NAMES[name];
    return Object.entries(this.#table(file[name], [name]) ?? {}).filter(([each]) => {
      if (pattern.test(each)) return true;
      this.problems.push(problem([name, each], wrong));
      return false;
    });
  }

  /** A table that is not there counts as an empty one. */
  #table(written: unknown, path: Path): TableOfFile | undefined {
    if (written === undefined) return {};
    if (isTable(written)) return written;
    this.problems.push(problem(path, `is ${showValue(written)}: must be a table`));
    return undefined;
  }

  #value({ kind, required }: AnyKey, written: unknown, path: Path): unknown {
    if (written !== undefined) {
      return kind.read(written, (what, at = []) => this.problems.push(problem([...path, ...at], what)));
    }
    if (required) this.problems.push(problem(path, `is missing: must be ${kind.allowed}`));
    return undefined;
  }

  #unknown(path: Path, key: string, allowed: readonly string[]): void {
    const meant = nearest(key, allowed);
    if (meant !== undefined) {
      this.problems.push(problem(path, `is not a key: did you mean ${meant}?`));
      return;
    }
    const elsewhere = placesOf(key);
    const hint = elsewhere.length === 0 ? '' : `; it is one of ${elsewhere.join(' and ')}`;
    this.problems.push(problem(path, `is not a key: allowed are ${allowed.join(', ')}${hint}`));
  }
}

/** The tables that have a key of this name. */
function placesOf(key: string): string[] {
  const sections = Object.entries(SECTIONS).map(([name, { keys }]) => ({ name: `[${name}]`, keys }));
  const types = Object.entries(BACKCHANNELS).map(([type, { keys }]) => ({
    name: `a back-channel of type "${type}"`,
    keys,
  }));
  return [...sections, ...types].filter(({ keys }) => Object.hasOwn(keys, key)).map(({ name }) => name);
}

export function isTable(value: unknown): value is TableOfFile {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function isBackchannelType(type: unknown): type is BackchannelType {
  return typeof type === 'string' && Object.hasOwn(BACKCHANNELS, type);
}

/** Own keys only, whatever they are named: `__proto__` too. */
function tableOf<Value>(entries: readonly (readonly [string, Value])[]): { readonly [key: string]: Value } {
  return Object.fromEntries(entries);
}
