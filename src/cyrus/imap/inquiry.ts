// What we ask imapd about one recipient, and what the answers mean: GETQUOTAROOT (RFC 9208), and for a shared mailbox GETACL too
// (RFC 4314). Neither command changes anything. No I/O.
import { ProtocolError } from '../../errors.js';
import type { AddressRules, Recipient } from '../../validation/recipient.js';
import { deferred, UNKNOWN, type Verdict } from '../../validation/verdict.js';
import { mailboxNameOf, type MailboxName, type Separator } from '../mailbox-name.js';
import type { ImapAnswer } from './answer.js';
import { getAcl, getQuotaRoot } from './command.js';
import { postingVerdict } from './posting-verdict.js';
import { quotaVerdict } from './quota-verdict.js';

export type Inquiry = {
  readonly commands: readonly string[];
  readonly judge: (answers: readonly ImapAnswer[]) => Verdict;
};

/** How this Cyrus names its mailboxes, and how lmtpd judges them. */
export type InquiryContext = {
  readonly separator: Separator;
  readonly rules: AddressRules;
  /** The setting `lmtp_strict_quota`. */
  readonly strictQuota: boolean;
};

/** @returns an inquiry without commands where the name alone decides */
export function inquiryAbout(recipient: Recipient, context: InquiryContext): Inquiry {
  const { separator, rules, strictQuota } = context;
  const { messageBytes } = recipient;
  const name = mailboxNameOf(recipient, separator, rules);
  const posts = recipient.shared && recipient.local === rules.postUser;
  if (recipient.shared && !posts && recipient.local !== '') return doubtful(recipient, name, context);
  // There can be no mailbox of that name (see mailbox-name.ts), and lmtpd refuses such an address in any case.
  if (name === undefined) return decided(UNKNOWN);
  if (isAmbiguous(name, rules)) return decided(AMBIGUOUS);
  if (!posts) {
    return {
      commands: [getQuotaRoot(name)],
      judge: ([quota]) => quotaVerdict(required(quota), name, strictQuota, messageBytes),
    };
  }
  return {
    commands: [getQuotaRoot(name), getAcl(name)],
    judge: ([quota, acl]) => {
      const exists = quotaVerdict(required(quota), name, strictQuota, messageBytes);
      if (exists.kind === 'unknown' || exists.kind === 'deferred') return exists;
      const posting = postingVerdict(required(acl), name);
      return posting.kind === 'deliverable' ? exists : posting;
    },
  };
}

/**
 * Asks about a user with a detail that our rules do not take for a shared mailbox, though Cyrus may. If the user does not exist
 * but the detail is the name of a shared mailbox, `lookup.post_user` may differ from Cyrus' `postuser`, so we do not say "unknown".
 * @param name the name of the user's INBOX
 */
function doubtful(
  recipient: Recipient,
  name: MailboxName | undefined,
  { separator, rules, strictQuota }: InquiryContext,
): Inquiry {
  const asPosted = mailboxNameOf(recipient, separator, { ...rules, postUser: recipient.local });
  const names = [name, asPosted].filter((each) => each !== undefined);
  if (names.some((each) => isAmbiguous(each, rules))) return decided(AMBIGUOUS);
  return {
    commands: names.map(getQuotaRoot),
    judge: (answers) => {
      const verdicts = answers.map((answer, i) =>
        quotaVerdict(answer, names[i] ?? '', strictQuota, recipient.messageBytes),
      );
      const inbox = name === undefined ? UNKNOWN : (verdicts[0] ?? UNKNOWN);
      if (inbox.kind !== 'unknown' || verdicts.every(({ kind }) => kind === 'unknown')) return inbox;
      return deferred(`the detail of ${recipient.address} names a shared mailbox: is post_user as in Cyrus?`);
    },
  };
}

/** A name without domain is in the default domain for lmtpd, but for imapd in the domain of the login, if that has one. */
function isAmbiguous(name: MailboxName, rules: AddressRules): boolean {
  return rules.virtualDomains && !name.includes('@');
}

const AMBIGUOUS = deferred(
  'a name without domain is asked of imapd only with lookup.default_domain, or with virtual_domains = false',
);

/** An inquiry for which nothing needs to be asked. */
function decided(verdict: Verdict): Inquiry {
  return { commands: [], judge: () => verdict };
}

function required(answer: ImapAnswer | undefined): ImapAnswer {
  if (answer === undefined) throw new ProtocolError('imapd did not answer');
  return answer;
}
