// The configuration as the daemon uses it: validated, in milliseconds and parsed endpoints, deeply frozen.
// Its keys are documented in rc.d/cyrusmapd.toml.sample. Types only; no I/O.
import type { MechanismName } from './mechanism-names.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Network } from '../net/network.js';
import type { AddressRules, Recipient } from '../validation/recipient.js';
import type { ReplyPolicy } from '../validation/verdict.js';

export type Config = {
  /** The file it was read from; undefined where defaults and flags were enough. */
  readonly file: string | undefined;
  readonly socketmap: SocketmapConfig;
  readonly lookup: LookupConfig;
  readonly cache: CacheConfig;
  /** By the name of the map; an unknown one takes `defaultMap`. */
  readonly maps: ReadonlyMap<string, MapConfig>;
  readonly defaultMap: MapConfig;
  /** Undefined where Cyrus pushes no events. */
  readonly events: EventsConfig | undefined;
  /** At least one, in the order of the file. */
  readonly backchannels: readonly BackchannelConfig[];
  /** Most specific first: `example.jp`, then `*.example.net` (longest first), then `*`. */
  readonly domains: readonly DomainRoute[];
  readonly log: LogConfig;
};

export type SocketmapConfig = {
  readonly listen: readonly Endpoint[];
  /** Who may ask over TCP; empty where only this machine can reach the listeners. */
  readonly allow: readonly Network[];
  /** Of the UNIX socket's file: a name or a number; undefined leaves it to the process. */
  readonly socketOwner: string | undefined;
  readonly socketGroup: string | undefined;
  readonly socketMode: number;
  readonly maxConnections: number;
  /** Requests of one connection that wait for Cyrus; then it is read no further. */
  readonly maxWaiting: number;
  readonly maxRequestBytes: number;
  readonly idleTimeoutMs: number;
  /** From a request's first byte to its last. */
  readonly requestTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** For a peer to close a connection that was ended. */
  readonly lingerTimeoutMs: number;
  readonly backlog: number;
  readonly shutdownGraceMs: number;
};

export type LookupConfig = {
  /** From a request's last byte to its reply. */
  readonly deadlineMs: number;
  /** What becomes of a key with 8-bit bytes where the back-channel does not offer SMTPUTF8. */
  readonly eightBit: 'reject' | 'temp';
  readonly addressRules: AddressRules;
  /** Folded addresses; one without `@` is accepted in every domain. */
  readonly alwaysAccept: readonly string[];
  /** Whether a domain that no back-channel serves is NOTFOUND; else TEMP. */
  readonly domainsComplete: boolean;
};

export type MapConfig = ReplyPolicy & {
  /** What a detail means: see DetailRule. */
  readonly detail: 'inbox' | 'folder';
};

export type CacheConfig = {
  readonly knownTtlMs: number;
  readonly negativeTtlMs: number;
  readonly overQuotaTtlMs: number;
  /** How long a known mailbox is served, at most, while Cyrus cannot be asked. */
  readonly serveStaleMs: number;
  readonly maxKnown: number;
  readonly maxNegative: number;
  /** Between two snapshots of all mailboxes. */
  readonly snapshotIntervalMs: number;
  /** Absolute; keeps the known mailboxes over a restart. */
  readonly stateFile: string | undefined;
  readonly stateIntervalMs: number;
};

export type EventsConfig = {
  /** A UNIX stream socket, in a folder that nobody else can write. */
  readonly listen: UnixEndpoint;
  readonly socketOwner: string | undefined;
  readonly socketGroup: string | undefined;
  readonly socketMode: number;
  /** Whether Cyrus pushes the events of the group `quota` too. */
  readonly quota: boolean;
  readonly negativeTtlMs: number;
  /** Who takes what is no mailbox event: another dlist socket. */
  readonly forward: UnixEndpoint | undefined;
};

export type UnixEndpoint = Extract<Endpoint, { kind: 'unix' }>;

export type BackchannelConfig = CyrusBackchannelConfig | ListBackchannelConfig;

export type CyrusBackchannelConfig = LmtpBackchannelConfig | ImapBackchannelConfig;

export type LmtpBackchannelConfig = CyrusConnectionConfig & {
  readonly type: 'lmtp';
  /** What becomes of recipients where a RCPT may create the mailbox. */
  readonly autocreate: 'defer' | 'accept';
};

export type ImapBackchannelConfig = CyrusConnectionConfig & {
  readonly type: 'imap';
  /** As `lmtp_strict_quota`: a mailbox just at its limit is over quota. */
  readonly strictQuota: boolean;
};

export type CyrusConnectionConfig = {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The mailbox that must exist. */
  readonly canary: Recipient | undefined;
  /** Undefined where Cyrus takes us as we come. */
  readonly login: LoginConfig | undefined;
  /** Undefined for a connection in clear. */
  readonly tls: TlsConfig | undefined;
  readonly connections: number;
  /** Recipients in one transaction, or in one write. */
  readonly batch: number;
  /** Questions that wait for a connection; more are deferred at once. */
  readonly maxWaiting: number;
  readonly idleTimeoutMs: number;
  /** Connecting and the greeting. */
  readonly connectTimeoutMs: number;
  /** One reply. */
  readonly replyTimeoutMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** After a refused login. */
  readonly loginBackoffMs: number;
  /** The back-channel that is asked where this one cannot be. */
  readonly second: string | undefined;
};

export type LoginConfig = {
  /** Empty where the client certificate says who we are. */
  readonly user: string;
  /** Absolute. */
  readonly passwordFile: string | undefined;
  readonly authorizationId: string | undefined;
  /** Strongest first, or as the operator prefers. */
  readonly mechanisms: readonly MechanismName[];
  /** PLAIN even where others could listen. */
  readonly plainAnywhere: boolean;
};

/** Files are absolute. */
export type TlsConfig = {
  readonly mode: 'starttls' | 'implicit';
  /** Undefined for the authorities that Node knows. */
  readonly caFile: string | undefined;
  readonly serverName: string;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
};

export type ListBackchannelConfig = {
  readonly type: 'list';
  readonly name: string;
  /** Absolute; one mailbox a line, `#` begins a comment, read again at each reload. */
  readonly file: string;
  readonly second: undefined;
};

export type DomainRoute = {
  /** Lower case: a domain, `*.` and a domain (its subdomains, not itself), or `*`. */
  readonly domain: string;
  /** The name of a back-channel that exists. */
  readonly backchannel: string;
};

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export type LogConfig = {
  readonly level: LogLevel;
  /** Absolute; undefined is standard error. */
  readonly file: string | undefined;
  /** Lines that wait to be written; beyond it they are dropped and counted. */
  readonly maxPendingBytes: number;
  /** Lines about refused and deferred recipients in a second; those beyond are told of in one line. */
  readonly maxRefusedPerSecond: number;
};
