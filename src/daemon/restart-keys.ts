// Which keys have another value in a new configuration, and which of them hold only after a restart: what is opened or made
// once, at the start. No I/O.
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { nameInConfig, type AnyKey } from '../config/key.js';
import { SECTIONS } from '../config/schema.js';

/** Of these tables everything is taken at a reload but for the keys that are named; of those only what is named. */
const AT_START: { readonly [section: string]: 'all' | readonly string[] } = {
  socketmap: 'all',
  shadow: 'all',
  cache: ['max_known', 'max_negative', 'state_file', 'state_interval'],
  events: ['listen', 'socket_owner', 'socket_group', 'socket_mode', 'forward'],
  admin: ['listen', 'socket_group', 'socket_mode', 'http', 'allow', 'decisions'],
  log: ['max_pending_bytes'],
};

export type ChangedKeys = { readonly changed: readonly string[]; readonly needRestart: readonly string[] };

export function changedKeys(former: Config, next: Config): ChangedKeys {
  const { lookup: _lookup, ...sections } = SECTIONS;
  const changed = Object.entries(sections).flatMap(([section, { keys }]) =>
    Object.entries<AnyKey>(keys).flatMap(([name, { kind }]) => {
      const field = nameInConfig(name, kind.suffix);
      return isDeepStrictEqual(valueOf(former, section, field), valueOf(next, section, field))
        ? []
        : [`${section}.${name}`];
    }),
  );
  const tables = (['backchannels', 'domains', 'maps', 'lookup'] as const).filter(
    (table) => !isDeepStrictEqual(former[table], next[table]),
  );
  return {
    changed: [...new Set([...changed, ...tables.map((table) => TABLES[table])])],
    needRestart: changed.filter(needsRestart),
  };
}

const TABLES = { backchannels: 'backchannel', domains: 'domains', maps: 'map', lookup: 'lookup' } as const;

function needsRestart(path: string): boolean {
  const [section = '', name = ''] = path.split('.');
  const atStart = AT_START[section];
  return atStart === 'all' || atStart?.includes(name) === true;
}

function valueOf(config: Config, section: string, field: string): unknown {
  const table: unknown = Object.entries(config).find(([name]) => name === section)?.[1];
  if (typeof table !== 'object' || table === null) return undefined;
  return Object.entries(table).find(([name]) => name === field)?.[1];
}
