// Finds out what an lmtpd does with a RCPT for a mailbox that does not exist: with `autocreate_post: 1` it would create the
// mailbox, with `lmtp_catchall_mailbox` it takes everything. We ask for a name with `%`, which Cyrus cannot create
// (mboxname_policycheck() of imap/mboxname.c), in each domain before any other question, in each new session and every hour.
// The session does the asking; what was found is kept here. No I/O.
import { parseKey, type AddressRules, type ParsedKey, type Recipient } from '../../validation/recipient.js';
import { rcptVerdict } from './rcpt-verdict.js';
import { describeReply, type LmtpReply } from './reply.js';

/** `clean`: a RCPT creates nothing, and lmtpd says 550 to a mailbox that does not exist. */
export type Finding = 'clean' | 'catch-all' | 'autocreate';

export interface CreationAlarm {
  /** Called at each check, also where nothing has changed. */
  found(finding: Finding, domain: string, reply: string): void;
}

export type CreationCheckOptions = {
  /** Domains that have a check of their own. All others share one, or a stranger could cause any number of checks. */
  readonly domains: ReadonlySet<string>;
  readonly rules: AddressRules;
  readonly alarm: CreationAlarm;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A random number from 0 to 1. */
  readonly random: () => number;
};

/** An hour is safe: lmtpd must be restarted to see another setting, and then its sessions end and are checked anew. */
const CLEAN_FOR_MS = 3_600_000;
/** Anything but `clean` is checked again soon: the setting may have been changed, or it may have been a passing fault. */
const SUSPECT_FOR_MS = 30_000;

/** Stands for all domains that have no check of their own. */
const OTHERS = '*';

type Checked = { readonly finding: Finding; readonly until: number };

export class CreationCheck {
  readonly #options: CreationCheckOptions;
  readonly #checked = new Map<string, Checked>();

  constructor(options: CreationCheckOptions) {
    this.#options = options;
  }

  /** The names for which RCPT must be sent before a batch; usually none. */
  due(batch: readonly Recipient[]): Recipient[] {
    const now = this.#options.now();
    const names = new Map<string, Recipient>();
    for (const { domain } of batch) {
      const key = this.#keyOf(domain);
      const checked = this.#checked.get(key);
      if (names.has(key) || (checked !== undefined && now < checked.until)) continue;
      const name = this.#impossibleName(domain);
      if (name.kind === 'recipient') names.set(key, name.recipient);
    }
    return [...names.values()];
  }

  /** Keeps what lmtpd replied. @param name one of those that were due */
  learn(name: Recipient, reply: LmtpReply): void {
    const finding = findingOf(reply);
    const lifeMs = finding === 'clean' ? CLEAN_FOR_MS : SUSPECT_FOR_MS;
    this.#checked.set(this.#keyOf(name.domain), { finding, until: this.#options.now() + lifeMs });
    this.#options.alarm.found(finding, name.domain ?? '', describeReply(reply));
  }

  /** What was found for the domain of a recipient; undefined where it was not checked yet. */
  finding(recipient: Recipient): Finding | undefined {
    return this.#checked.get(this.#keyOf(recipient.domain))?.finding;
  }

  #keyOf(domain = OTHERS): string {
    return this.#options.domains.has(domain) ? domain : OTHERS;
  }

  /** It is no recipient where the domain is so long that the name would be too long. */
  #impossibleName(domain: string | undefined): ParsedKey {
    const local = `cyrusmapd%${Math.floor(this.#options.random() * 2 ** 32).toString(36)}`;
    return parseKey(domain === undefined ? local : `${local}@${domain}`, this.#options.rules);
  }
}

/** "Over quota" means that there is a catch-all mailbox which is full: nothing was created, so it counts as catch-all. */
function findingOf(reply: LmtpReply): Finding {
  const { kind } = rcptVerdict(reply);
  if (kind === 'unknown') return 'clean';
  return kind === 'deliverable' || kind === 'overquota' ? 'catch-all' : 'autocreate';
}
