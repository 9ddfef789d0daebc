// Which keys have another value in a new configuration, and which of them hold only after a restart, since they concern what is
// opened or made once at the start. No I/O.
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { nameInConfig, type AnyKey } from '../config/key.js';
import { SECTIONS } from '../config/schema.js';

/** What of a table is taken at the start only: all of it, all but some keys, or some keys. Every other table is taken at a reload. */
type AtStart = 'all' | { readonly allBut: readonly string[] } | { readonly only: readonly string[] };

const AT_START: { readonly [section: string]: AtStart } = {
  socketmap: { allBut: ['shutdown_grace'] },
  shadow: 'all',
  policy: { allBut: ['deliverable', 'unknown', 'over_quota', 'refused', 'deferred'] },
  cache: { only: ['max_known', 'max_negative', 'state_file', 'state_interval'] },
  fleet: 'all',
  events: { allBut: ['negative_ttl', 'backchannels'] },
  admin: { only: ['listen', 'socket_group', 'socket_mode', 'http', 'allow', 'decisions'] },
  log: { only: ['max_pending_bytes'] },
};

export type ChangedKeys = {
  /** Keys whose value differs from the one before this reload. */
  readonly changed: readonly string[];
  /** Keys that keep the value of the start until a restart, though the file has another one now. */
  readonly needRestart: readonly string[];
};

/** @param started what the daemon was started with @param former what was in force before `next` */
export function changedKeys(started: Config, former: Config, next: Config): ChangedKeys {
  const tables = (['backchannels', 'domains', 'domainAnswers', 'maps', 'lookup'] as const).filter(
    (table) => !isDeepStrictEqual(former[table], next[table]),
  );
  return {
    changed: [...new Set([...differing(former, next), ...tables.map((table) => TABLES[table])])],
    needRestart: differing(started, next).filter((path) => needsRestart(path, started)),
  };
}

function differing(former: Config, next: Config): string[] {
  const { lookup: _lookup, ...sections } = SECTIONS;
  return Object.entries(sections).flatMap(([section, { keys }]) =>
    Object.entries<AnyKey>(keys).flatMap(([name, { kind }]) => {
      const field = nameInConfig(name, kind.suffix);
      return isDeepStrictEqual(valueOf(former, section, field), valueOf(next, section, field))
        ? []
        : [`${section}.${name}`];
    }),
  );
}

const TABLES = {
  backchannels: 'backchannel',
  domains: 'domains',
  domainAnswers: 'domain',
  maps: 'map',
  lookup: 'lookup',
} as const;

function needsRestart(path: string, { events }: Config): boolean {
  const [section = '', name = ''] = path.split('.');
  // Where no socket for events was opened at the start, the other keys of [events] have no effect.
  if (section === 'events' && events === undefined) return true;
  const atStart = AT_START[section];
  if (atStart === undefined || atStart === 'all') return atStart === 'all';
  return 'only' in atStart ? atStart.only.includes(name) : !atStart.allBut.includes(name);
}

function valueOf(config: Config, section: string, field: string): unknown {
  const table: unknown = Object.entries(config).find(([name]) => name === section)?.[1];
  if (typeof table !== 'object' || table === null) return undefined;
  return Object.entries(table).find(([name]) => name === field)?.[1];
}
