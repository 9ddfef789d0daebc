// What a configuration file holds: its tables, in the order of the sample file. The keys of each are in keys/. A key that
// is added there is read, defaulted, printed, and a field of the Config; `npm run docs` documents it. No I/O.
import { ADMIN } from './keys/admin.js';
import { BACKCHANNEL_NAME, BACKCHANNELS } from './keys/backchannel.js';
import { CACHE } from './keys/cache.js';
import { CYRUS } from './keys/cyrus.js';
import { DOMAIN } from './keys/domain.js';
import { EVENTS } from './keys/events.js';
import { FLEET } from './keys/fleet.js';
import { LOG } from './keys/log.js';
import { LOOKUP, MAP } from './keys/lookup.js';
import { POLICY } from './keys/policy.js';
import { SHADOW } from './keys/shadow.js';
import { SOCKETMAP } from './keys/socketmap.js';
import type { ValuesOf } from './key.js';

export { BACKCHANNELS, DOMAIN, MAP };

/** The tables of which a file has one each. */
export const SECTIONS = {
  socketmap: SOCKETMAP,
  policy: POLICY,
  lookup: LOOKUP,
  cache: CACHE,
  cyrus: CYRUS,
  events: EVENTS,
  fleet: FLEET,
  shadow: SHADOW,
  admin: ADMIN,
  log: LOG,
};

/** What is allowed at the root, in the order in which errors name it. */
export const ROOT_KEYS = ['backchannel', 'domains', 'domain', 'map', ...Object.keys(SECTIONS)] as const;

/** What may stand behind `backchannel.`, `map.` and in `[domains]`, and the words for it. */
export const NAMES = {
  backchannel: {
    pattern: BACKCHANNEL_NAME,
    wrong: 'is no name: letters, digits, - and _, at most 32',
  },
  map: {
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    wrong: 'is no map name: letters, digits, - and _, at most 64',
  },
  domain: {
    pattern: /^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
    wrong: 'is no domain: must be such as "example.jp" or "*.example.jp"',
  },
  domains: {
    pattern: /^(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/,
    wrong: 'is no domain: must be such as "example.jp", "*.example.jp" or "*"',
  },
} as const;

type SectionName = keyof typeof SECTIONS;
export type SectionValues = { readonly [Name in SectionName]: ValuesOf<(typeof SECTIONS)[Name]['keys']> };

export type BackchannelType = keyof typeof BACKCHANNELS;
type ValuesOfType<Type extends BackchannelType> = { readonly type: Type } & ValuesOf<
  (typeof BACKCHANNELS)[Type]['keys']
>;
export type LmtpValues = ValuesOfType<'lmtp'>;
export type ImapValues = ValuesOfType<'imap'>;
export type CyrusValues = LmtpValues | ImapValues;
export type ListValues = ValuesOfType<'list'>;
export type MupdateValues = ValuesOfType<'mupdate'>;
export type BackchannelValues = { [Type in BackchannelType]: ValuesOfType<Type> }[BackchannelType];

export type MapValues = ValuesOf<(typeof MAP)['keys']>;
export type DomainValues = ValuesOf<(typeof DOMAIN)['keys']>;

/** What a file says, read and with every default. */
export type Values = SectionValues & {
  readonly backchannel: ReadonlyMap<string, BackchannelValues>;
  readonly map: ReadonlyMap<string, MapValues>;
  readonly domain: ReadonlyMap<string, DomainValues>;
  /** As written, from a domain to the names of back-channels, of which each mailbox is on one. */
  readonly domains: ReadonlyMap<string, readonly string[]>;
};

/** The same as it would be written in the file, for people to read. */
export type Settings = { readonly [key: string]: unknown };
