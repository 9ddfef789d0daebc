// Makes the functions that open sessions of a back-channel. Such an opener depends on its basis, and on nothing else of the
// configuration. So a reload may keep the opener where the basis has not changed. Reads no file; an opened session has a socket.
import { hostname } from 'node:os';
import { creationAlarm } from './alarms.js';
import type { Access, AccessFiles } from './login-files.js';
import type {
  CyrusBackchannelConfig,
  ImapBackchannelConfig,
  LmtpBackchannelConfig,
} from '../config/config.js';
import type { ImapSession } from '../cyrus/imap/session.js';
import { CreationCheck } from '../cyrus/lmtp/creation-check.js';
import { LmtpSession } from '../cyrus/lmtp/session.js';
import type { TraceLine } from '../cyrus/wire/trace.js';
import type { Witness } from '../cyrus/witness/witness.js';
import type { Log } from '../log/log.js';
import type { AddressRules } from '../validation/recipient.js';

/** All parts of the configuration from which a back-channel to Cyrus is built. Its domains are not among them: they may change. */
export type Basis<Backchannel extends CyrusBackchannelConfig = CyrusBackchannelConfig> = {
  readonly backchannel: Backchannel;
  readonly rules: AddressRules;
  readonly files: AccessFiles | undefined;
};

export type BackchannelSurroundings = {
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A random number from 0 to 1. */
  readonly random: () => number;
  /** Called with each line that we and Cyrus say to each other, for `check`. */
  readonly trace?: TraceLine;
  /** Called when a Cyrus may have been restarted. */
  readonly restarted?: () => void;
  /** Called when a mupdate master says that a mailbox has changed. @param mailbox its name in the cache */
  readonly forget?: (mailbox: string) => void;
};

export async function imapOpener(
  { backchannel, rules }: Basis<ImapBackchannelConfig>,
  access: Access,
  witness: Witness,
  { now, trace }: BackchannelSurroundings,
): Promise<() => Promise<ImapSession>> {
  const { ImapSession } = await import('../cyrus/imap/session.js');
  const { endpoint, strictQuota, connectTimeoutMs, replyTimeoutMs } = backchannel;
  return () =>
    ImapSession.open({
      endpoint,
      ...access,
      rules,
      witness,
      strictQuota,
      connectTimeoutMs,
      replyTimeoutMs,
      now,
      ...(trace === undefined ? {} : { trace }),
    });
}

/** @param domains the domains about which it is asked now. For each of them it checks whether a RCPT creates mailboxes */
export function lmtpOpener(
  { backchannel, rules }: Basis<LmtpBackchannelConfig>,
  domains: ReadonlySet<string>,
  access: Access,
  witness: Witness,
  { log, now, random, trace }: BackchannelSurroundings,
): () => Promise<LmtpSession> {
  const { name, endpoint, autocreate, connectTimeoutMs, replyTimeoutMs } = backchannel;
  const alarm = creationAlarm(name, log);
  const check = { domains, rules, alarm, now, random };
  return () =>
    LmtpSession.open({
      endpoint,
      ...access,
      witness,
      creationCheck: autocreate === 'accept' ? undefined : new CreationCheck(check),
      connectTimeoutMs,
      replyTimeoutMs,
      now,
      clientName: hostname() || 'localhost',
      ...(trace === undefined ? {} : { trace }),
    });
}
