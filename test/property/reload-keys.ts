// Every key that a reload takes, with values to try, made of the schema itself: so that a new key is tried at a reload without
// anybody's doing, or the test says that it needs a value. No I/O.
import type { Config } from '../../src/config/config.js';
import { nameInConfig, type AnyKey, type Keys } from '../../src/config/key.js';
import { BACKCHANNELS, DOMAIN, MAP, SECTIONS } from '../../src/config/schema.js';
import { changedKeys } from '../../src/daemon/restart-keys.js';

type Value = string | number | boolean | readonly string[];

export type Tried = { readonly table: string; readonly key: string; readonly values: readonly Value[] };

/** The tables of the configuration that the test reloads, with the keys that each may have. */
const TABLES: Readonly<Record<string, Keys>> = {
  ...Object.fromEntries(Object.entries(SECTIONS).map(([name, { keys }]) => [name, keys])),
  'backchannel.one': BACKCHANNELS.lmtp.keys,
  'backchannel.aliases': BACKCHANNELS.list.keys,
  'map.other': MAP.keys,
  'domain."example.jp"': DOMAIN.keys,
};

/** Of kinds whose words do not tell what can be written. */
const BY_HAND: Readonly<Record<string, readonly Value[]>> = {
  'lookup.post_user': ['', 'post'],
  'lookup.default_domain': ['example.jp', 'example.net'],
  'lookup.always_accept': [[], ['nobody@example.jp']],
  'backchannel.one.canary': ['alice@example.jp', ['alice@example.jp', 'bob@example.jp']],
  'backchannel.one.second': ['two'],
  'backchannel.one.also': [['aliases']],
  // Not above backoff_max.
  'backchannel.one.backoff_min': ['1s', '10s'],
  // Those in which the file of the test is written.
  'backchannel.aliases.format': ['virtual', 'virtusertable'],
  'backchannel.aliases.domains': [['example.jp'], ['example.jp', 'example.net']],
  // Below the 25 s that it may have, and far above what a busy machine takes.
  'lookup.deadline': ['10s', '25s'],
};

/** What cannot be tried here, by its reason. */
const ELSEWHERE: readonly { readonly keys: RegExp; readonly why: string }[] = [
  {
    keys: /^backchannel\.one\.(tls|ca_file|server_name|client_\w+|tls_min_version|channel_binding)$/,
    why: 'needs TLS: a back-channel is kept only where its whole table is the same',
  },
  {
    keys: /^backchannel\.one\.(user|password_file|authorization_id|mechanisms|plain_anywhere)$/,
    why: 'needs a login: a back-channel is kept only where its whole table is the same',
  },
  { keys: /^backchannel\.(one\.endpoint|aliases\.file)$/, why: 'is written by the test itself' },
  { keys: /^(lookup|map\.other)\.detail$/, why: 'needs IMAP for every domain' },
  { keys: /^lookup\.virtual_domains$/, why: 'needs one back-channel for all domains' },
  { keys: /^backchannel\.aliases\.also$/, why: 'needs a second list' },
  { keys: /^backchannel\.one\.(replica|stream)$/, why: 'needs a murder, or a fleet' },
  { keys: /^lookup\.always_accept_file$/, why: 'integration/always-accept-file.test.ts' },
  { keys: /^policy\.|\.policy_/, why: 'are words of the policy service: integration/policy.test.ts' },
  { keys: /^cyrus\./, why: 'needs the files of a Cyrus: integration/host-clock.test.ts' },
  { keys: /^admin\.sasldb$/, why: 'only figures read it' },
  { keys: /^log\.(file|format|level)$/, why: 'serve opens the log: integration/daemon-reload.test.ts' },
];

/** @param some any configuration, of which the sections are looked at @returns the keys to try, and those that have no value yet */
export function keysToTry(some: Config): { readonly tried: readonly Tried[]; readonly unknown: string[] } {
  const tried: Tried[] = [];
  const unknown: string[] = [];
  for (const [table, keys] of Object.entries(TABLES)) {
    for (const [key, described] of Object.entries(keys)) {
      const path = `${table}.${key}`;
      if (needsRestart(some, table, key, described) || ELSEWHERE.some((each) => each.keys.test(path)))
        continue;
      const values = BY_HAND[path] ?? valuesOf(described.kind.allowed);
      if (values.length === 0) unknown.push(path);
      else tried.push({ table, key, values });
    }
  }
  return { tried, unknown };
}

/** As the daemon would tell at a reload that has another value for it. */
function needsRestart(some: Config, table: string, key: string, { kind }: AnyKey): boolean {
  if (!(table in SECTIONS) || table === 'lookup') return false;
  const section: unknown = Object.entries(some).find(([name]) => name === table)?.[1];
  const other = { ...some, [table]: { ...(section ?? {}), [nameInConfig(key, kind.suffix)]: 'another' } };
  return changedKeys(some, some, other).needRestart.includes(`${table}.${key}`);
}

/** What can be written, by the words for it: the ends of a range, all of a choice. Less than a second would be for luck to decide. */
function valuesOf(allowed: string): Value[] {
  const [, from = '', to = ''] = /^a duration from (\w+) to (\w+)/.exec(allowed) ?? [];
  if (to !== '') return [from, to].filter((each) => !/^[1-9]\d*ms$/.test(each));
  const [, min, max] = /^a whole number of .+ from (\d+) to (\d+)/.exec(allowed) ?? [];
  if (max !== undefined) return [Number(min), Number(max)];
  if (allowed === 'true or false') return [true, false];
  const options = [...allowed.matchAll(/"([a-z0-9.-]+)"/g)].map(([, option = '']) => option);
  return /^"[a-z0-9.-]+"(, "[a-z0-9.-]+")* or "[a-z0-9.-]+"$/.test(allowed) ? options : [];
}
