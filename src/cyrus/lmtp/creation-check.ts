// What an lmtpd does with a RCPT for nobody: with `autocreate_post: 1` it makes the mailbox, and with
// `lmtp_catchall_mailbox` it takes everything. A name with `%` tells, since Cyrus cannot create one
// (mboxname_policycheck() of imap/mboxname.c). It is asked in each domain before anything else is, in each session
// anew, and again every hour. Keeps what was found; the session asks. No I/O.
import { parseKey, type AddressRules, type Recipient } from '../../validation/recipient.js';
import { rcptVerdict } from './rcpt-verdict.js';
import { describeReply, type LmtpReply } from './reply.js';

/** `clean`: a RCPT changes nothing, and an unknown is unknown. */
export type Finding = 'clean' | 'catch-all' | 'autocreate';

export interface CreationAlarm {
  /** Told at each check; a line is worth only a change. */
  found(finding: Finding, domain: string, reply: string): void;
}

export type CreationCheckOptions = {
  /** Domains that have a check of their own; all others share one, or a stranger could ask for any number. */
  readonly domains: ReadonlySet<string>;
  readonly rules: AddressRules;
  readonly alarm: CreationAlarm;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
};

/** A setting of Cyrus' takes a restart of lmtpd; a session lives no longer than that. */
export const CLEAN_FOR_MS = 3_600_000;
/** Anything but clean is looked at again soon: it may have been mended, or have been a fault of the moment. */
export const SUSPECT_FOR_MS = 30_000;

/** Of all domains without a check of their own. */
const OTHERS = '*';

type Checked = { readonly finding: Finding; readonly until: number };

export class CreationCheck {
  readonly #options: CreationCheckOptions;
  readonly #checked = new Map<string, Checked>();

  constructor(options: CreationCheckOptions) {
    this.#options = options;
  }

  /** The names to ask for before a batch; usually none. */
  due(batch: readonly Recipient[]): Recipient[] {
    const now = this.#options.now();
    const names = new Map<string, Recipient>();
    for (const { domain } of batch) {
      const key = this.#keyOf(domain);
      const checked = this.#checked.get(key);
      if (names.has(key) || (checked !== undefined && now < checked.until)) continue;
      const name = this.#impossibleName(domain);
      if (name !== undefined) names.set(key, name);
    }
    return [...names.values()];
  }

  /** @param name one of those that were due */
  learn(name: Recipient, reply: LmtpReply): void {
    const finding = findingOf(reply);
    const lifeMs = finding === 'clean' ? CLEAN_FOR_MS : SUSPECT_FOR_MS;
    this.#checked.set(this.#keyOf(name.domain), { finding, until: this.#options.now() + lifeMs });
    this.#options.alarm.found(finding, name.domain ?? '', describeReply(reply));
  }

  /** What was found in a recipient's domain; undefined where nothing was asked yet. */
  finding(recipient: Recipient): Finding | undefined {
    return this.#checked.get(this.#keyOf(recipient.domain))?.finding;
  }

  #keyOf(domain: string | undefined): string {
    return domain !== undefined && this.#options.domains.has(domain) ? domain : OTHERS;
  }

  #impossibleName(domain: string | undefined): Recipient | undefined {
    const local = `cyrusmapd%${Math.floor(this.#options.random() * 2 ** 32).toString(36)}`;
    const parsed = parseKey(domain === undefined ? local : `${local}@${domain}`, this.#options.rules);
    return parsed.kind === 'recipient' ? parsed.recipient : undefined;
  }
}

/** Over quota is a catch-all mailbox that is full: nothing was created, and what lmtpd says of others is true. */
function findingOf(reply: LmtpReply): Finding {
  const { kind } = rcptVerdict(reply);
  if (kind === 'unknown') return 'clean';
  return kind === 'deliverable' || kind === 'overquota' ? 'catch-all' : 'autocreate';
}
