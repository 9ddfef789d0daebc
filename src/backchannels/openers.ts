// How a session of a back-channel is opened, with its alarms. An opener is made of its basis and of nothing
// else of the configuration, so that equal bases make equal openers. Reads no file; sessions connect.
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

/** Everything of the configuration that a back-channel to Cyrus is made of, but for its domains, which may change. */
export type Basis<Backchannel extends CyrusBackchannelConfig = CyrusBackchannelConfig> = {
  readonly backchannel: Backchannel;
  readonly rules: AddressRules;
  readonly files: AccessFiles | undefined;
};

export type BackchannelSurroundings = {
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Every line of a dialogue, for `check`. */
  readonly trace?: TraceLine;
  /** Called where a Cyrus may have been restarted. */
  readonly restarted?: () => void;
  /** Told of each mailbox, as the cache keeps it, of which a mupdate master said that something changed. */
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

/** @param domains those that are asked of it now: each has a check of its own whether a RCPT creates mailboxes */
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
