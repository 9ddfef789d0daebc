// What doctor has seen of a host: everything that the checks judge, so that each of them is a pure function.
// Filled by look.ts (files, programs) and ask.ts (sockets). Types only; no I/O.
import type { BackchannelConfig, Config } from '../config/config.js';
import type { CyrusConf } from '../cyrus/conf/cyrus-conf.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Recipient } from '../validation/recipient.js';
import type { Verdict } from '../validation/verdict.js';
import type { RunningProofs } from './ask-daemon.js';
import type { FleetAnswer } from './ask-fleet.js';
import type { PostfixPicture } from './ask-postfix.js';
import type { Unseen } from './finding.js';
import type { LmdbData, LmdbReaders } from '../cyrus/sasldb/lmdb.js';
import type { SendmailCf } from './sendmail-cf.js';
import type { SendmailAnswer } from './sendmail-verify.js';
import type { Table } from './sendmail-tables.js';

export type Picture = {
  readonly config: Config;
  /** undefined where the host has no sendmail.cf. */
  readonly sendmail: SendmailPicture | undefined;
  /** As lmtpd reads it. */
  readonly imapdConf: ImapdConf | undefined;
  readonly cyrusConf: CyrusConf | undefined;
  /** What Sendmail's own rules say; undefined where nothing could be asked. */
  readonly sendmailSaid: SendmailAnswer | undefined;
  /** undefined where the host has none. */
  readonly postfix: PostfixPicture | undefined;
  /** How Cyrus SASL checks a password for Sendmail: Sendmail.conf. */
  readonly saslConf: SaslConf | undefined;
  /** Our UNIX listeners. */
  readonly sockets: readonly SocketPath[];
  /** undefined where it is not kept in LMDB. */
  readonly sasldb: Sasldb | undefined;
  /** Whether a daemon answers on each of our listeners. */
  readonly listeners: readonly ListenerAnswer[];
  readonly backchannels: readonly BackchannelAnswer[];
  /** What Cyrus says of postmaster in each domain that Sendmail gives to it; those that could be asked. */
  readonly postmasters: ReadonlyMap<string, Verdict>;
  /** undefined where no daemon answers on its control socket. */
  readonly running: RunningProofs | undefined;
  /** undefined where no [fleet] is configured. */
  readonly fleet: FleetAnswer | undefined;
  readonly unseen: readonly Unseen[];
};

export type SendmailPicture = {
  readonly cf: SendmailCf;
  /** The path of the program that told its compile-time options. */
  readonly program: string | undefined;
  /** Files of classes that must be there, and are not. */
  readonly missingClassFiles: readonly {
    readonly name: string;
    readonly path: string;
    readonly line: number;
  }[];
  /** What mailer.conf(5) has for sendmail; each of the files that are there. */
  readonly mailerConf: readonly { readonly path: string; readonly line: number; readonly program: string }[];
  /** `Compiled with:`; undefined where the program could not be asked. */
  readonly compiled: ReadonlySet<string> | undefined;
  /** Members of class {VirtHost}, which VIRTUSER_DOMAIN_FILE fills. */
  readonly virtualDomains: readonly string[];
  /** Where a virtual domain is to be written. */
  readonly virtualDomainFile: string;
  /** Members of class w: this host's own names. */
  readonly localDomains: readonly string[];
  /** Members of class R, those of {VirtHost} not among them. */
  readonly relayDomains: readonly string[];
  readonly mailertable: Table | undefined;
  readonly access: Table | undefined;
  readonly virtusertable: Table | undefined;
};

type SaslConf = {
  readonly path: string;
  /** pwcheck_method; `auxprop` is the default. */
  readonly passwordCheck: { readonly value: string; readonly line: number } | undefined;
};

export type SocketPath = {
  readonly path: string;
  readonly file: 'missing' | 'link' | 'socket' | 'other';
  /** The folders from / to the one that holds the file, with links followed. */
  readonly folders: readonly (Access & { readonly path: string })[];
} & Access;

/** Who may use a file: as stat(2) has it. */
export type Access = { readonly mode: number; readonly uid: number; readonly gid: number };

export type Sasldb = {
  readonly path: string;
  readonly data: LmdbData | undefined;
  readonly readers: LmdbReaders | undefined;
  /** Command lines of all processes by pid; undefined where they could not be listed. */
  readonly processes: ReadonlyMap<number, string> | undefined;
};

export type ListenerAnswer = { readonly endpoint: Endpoint; readonly error: string | undefined };

/** What a back-channel said when it was asked about its canaries. */
export type BackchannelAnswer = {
  readonly backchannel: BackchannelConfig;
  readonly error: string | undefined;
  /** undefined where no canary is configured, or nothing was said. */
  readonly canary: Verdict | undefined;
  /** Which of several canaries does not exist there; undefined where that is the first one, or none. */
  readonly lacks?: Recipient;
  /** What lmtpd does with a name that cannot exist, where it does not simply refuse it. */
  readonly creation: 'catch-all' | 'autocreate' | undefined;
  /** Servers on the list of a mupdate master that the configuration does not name. */
  readonly strangers?: readonly string[];
};

/** The domains whose mail Sendmail gives to Cyrus by its mailertable. */
export function cyrusRoutes({ mailertable }: SendmailPicture) {
  return (mailertable?.entries ?? []).filter(({ value }) => /^(?:mrs_cyrus_|cyrusv2)/.test(value));
}
