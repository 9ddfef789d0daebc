// The configuration as the daemon uses it: validated, in milliseconds and parsed endpoints, deeply frozen. Whole tables
// are what their descriptions in keys/ make of them: `cache.known_ttl` is `cache.knownTtlMs`. Types only; no I/O.
import type { AddressRules, Recipient } from '../validation/recipient.js';
import type { ReplyPolicy } from '../validation/verdict.js';
import type { NamedFile } from '../net/stable-file.js';
import type { ValkeyUrl } from './keys/fleet.js';
import type { UnixEndpoint } from './kinds.js';
import type { BindingType, MechanismName } from './mechanism-names.js';
import type {
  CyrusValues,
  DomainValues,
  ImapValues,
  ListValues,
  LmtpValues,
  MupdateValues,
  SectionValues,
} from './schema.js';

export type Config = Omit<SectionValues, 'lookup' | 'events' | 'fleet'> & {
  /** The file it was read from; undefined where defaults and flags were enough. */
  readonly file: string | undefined;
  readonly lookup: LookupConfig;
  /** By the name of the map; an unknown one takes `defaultMap`. */
  readonly maps: ReadonlyMap<string, MapConfig>;
  readonly defaultMap: MapConfig;
  /** By domain, in lower case, or `*.` and a domain: see domain-answers.ts. */
  readonly domainAnswers: ReadonlyMap<string, DomainAnswers>;
  readonly cyrus: SectionValues['cyrus'];
  /** The Cyrus on this machine, by its own imapd.conf; undefined where there is none, or it is not read. */
  readonly host: CyrusHost | undefined;
  /** Undefined where Cyrus pushes no events. */
  readonly events: EventsConfig | undefined;
  /** Undefined where no daemon on another machine is told of changes, or tells us. */
  readonly fleet: FleetConfig | undefined;
  /** At least one, in the order of the file. */
  readonly backchannels: readonly BackchannelConfig[];
  /** Most specific first: `example.jp`, then `*.example.net` (longest first), then `*`. */
  readonly domains: readonly DomainRoute[];
};

/** What imapd.conf and cyrus.conf say of the Cyrus on this machine. */
export type CyrusHost = {
  readonly imapdConf: string;
  /** Whether the configuration names it; else it was found by itself. */
  readonly named: boolean;
  /** imapd.conf and all that it includes, as these files were when they were read. */
  readonly files: readonly NamedFile[];
  /** Where mailboxes.db is, and of which kind. */
  readonly list: { readonly path: string; readonly kind: string } | undefined;
  readonly userDeny: string | undefined;
  /** Whether this Cyrus is a part of a murder. */
  readonly mupdate: boolean;
  /** Whether lmtpd takes mail for shared mailboxes that it does not deliver to. */
  readonly fuzzy: boolean;
  /** Whether one mailbox takes the mail for all addresses that have none. */
  readonly catchAll: boolean;
  /** Sentences about settings by which more than the list of mailboxes decides who gets mail, or by which it cannot be read. */
  readonly beyondList: readonly string[];
  /** The UNIX sockets on which lmtpd listens. */
  readonly lmtpSockets: readonly string[];
  /** Sentences about keys of ours that contradict imapd.conf. */
  readonly differences: readonly string[];
};

export type CacheConfig = SectionValues['cache'];
export type LogConfig = SectionValues['log'];

export type LookupConfig = Pick<SectionValues['lookup'], 'deadlineMs' | 'eightBit' | 'domainsComplete'> & {
  readonly addressRules: AddressRules;
  /** Folded addresses; one without `@` is accepted in every domain. */
  readonly alwaysAccept: readonly string[];
  /** Absolute; one address a line. */
  readonly alwaysAcceptFile: string | undefined;
};

export type MapConfig = ReplyPolicy & {
  readonly keys: 'recipients' | 'domains';
  /** What a detail means: see DetailRule. */
  readonly detail: 'inbox' | 'folder';
  /** Whether the queue's id stands before the address of a key. */
  readonly queueId: boolean;
};

/** A key is undefined where the answer is the same as for other domains. */
export type DomainAnswers = DomainValues;

export type EventsConfig = Omit<SectionValues['events'], 'listen'> & { readonly listen: UnixEndpoint };

export type FleetConfig = Omit<SectionValues['fleet'], 'url'> & { readonly url: ValkeyUrl };

export type BackchannelConfig = CyrusBackchannelConfig | ListBackchannelConfig | MupdateBackchannelConfig;

export type CyrusBackchannelConfig = LmtpBackchannelConfig | ImapBackchannelConfig;

export type LmtpBackchannelConfig = CyrusConnectionConfig &
  Pick<LmtpValues, 'type' | 'autocreate' | 'unprovenTimeoutMs'>;

export type ImapBackchannelConfig = CyrusConnectionConfig & Pick<ImapValues, 'type' | 'listTimeoutMs'>;

/** Values that stand in `login` and `tls` instead. */
type Grouped =
  | 'user'
  | 'passwordFile'
  | 'authorizationId'
  | 'mechanisms'
  | 'channelBinding'
  | 'plainAnywhere'
  | 'tls'
  | 'caFile'
  | 'serverName'
  | 'clientCert'
  | 'clientKey'
  | 'tlsMinVersion';

/** What back-channels over LMTP and over IMAP have in common. */
type CyrusConnectionConfig = Omit<
  Pick<CyrusValues, keyof ImapValues & keyof LmtpValues>,
  'type' | 'canary' | Grouped
> & {
  readonly name: string;
  /** The mailboxes that must all exist. */
  readonly canaries: readonly Recipient[];
  /** Undefined where we do not log in. */
  readonly login: LoginConfig | undefined;
  /** Undefined for a connection in clear. */
  readonly tls: TlsConfig | undefined;
};

export type LoginConfig = {
  /** Empty where our client certificate says who we are. */
  readonly user: string;
  /** Absolute. */
  readonly passwordFile: string | undefined;
  readonly authorizationId: string | undefined;
  /** Strongest first, or as the operator prefers. */
  readonly mechanisms: readonly MechanismName[];
  readonly channelBinding: BindingType | 'none';
  /** Whether PLAIN is used even where others could read what is sent. */
  readonly plainAnywhere: boolean;
};

/** Files are absolute. */
export type TlsConfig = {
  readonly mode: 'starttls' | 'implicit';
  /** Undefined where the authorities that Node knows are trusted. */
  readonly caFile: string | undefined;
  readonly serverName: string;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
};

type ListBackchannelConfig = {
  readonly type: 'list';
  readonly name: string;
  /** Absolute; read again at each reload and after each change. */
  readonly file: string;
  readonly format: ListValues['format'];
  /** The domains, in lower case, for which an entry without a domain counts; undefined for the default domain alone. */
  readonly domains: readonly string[] | undefined;
  /** Names of lists. */
  readonly also: readonly string[] | undefined;
  readonly second: undefined;
};

export type MupdateBackchannelConfig = Omit<MupdateValues, Grouped> & {
  readonly name: string;
  readonly login: LoginConfig;
  readonly tls: undefined;
  readonly second: undefined;
};

export type DomainRoute = {
  /** Lower case: a domain, `*.` and a domain (its subdomains, not itself), or `*`. */
  readonly domain: string;
  /** The names of back-channels, at least one, all of them configured. Where there are several, each mailbox is on one of them. */
  readonly backchannels: readonly string[];
};
