// What imapd's answers to GETQUOTAROOT and GETACL say about a mailbox. Unknown is one text only; what is not understood
// is deferred. The quota is judged as lmtpd does (quota_is_overquota() of Cyrus' imap/quota_db.c), the right to post as
// in append_check() of imap/append.c: as for anybody who did not log in. No I/O.
import { ProtocolError } from '../../errors.js';
import {
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../validation/verdict.js';
import type { AclEntry, ImapResponse, QuotaResource } from './response.js';

/** A tagged response, and what came before it without a tag. */
export type ImapAnswer = {
  readonly status: 'OK' | 'NO' | 'BAD';
  readonly code: string | undefined;
  readonly text: string;
  readonly data: readonly ImapResponse[];
};

/** IMAP_MAILBOX_NONEXISTENT of Cyrus' imap/imap_err.et, in 3.2 to 3.12. */
const NONEXISTENT = 'Mailbox does not exist';

/** Who did not log in is both: auth_memberof() of lib/auth_unix.c. */
const EVERYBODY: ReadonlySet<string> = new Set(['anyone', 'anonymous']);

/**
 * Whether a mailbox exists and has room.
 * @param mailbox the name that was asked about
 * @param strict as `lmtp_strict_quota`: the message that is to come counts too
 * @throws ProtocolError where the answer is to another question
 */
export function quotaVerdict(answer: ImapAnswer, mailbox: string, strict: boolean): Verdict {
  if (answer.status !== 'OK') return denial(answer);
  const roots = answer.data.filter((response) => response.kind === 'quotaroot');
  const [root] = roots;
  if (root === undefined || roots.length > 1 || root.mailbox !== mailbox) {
    throw new ProtocolError(`imapd answered GETQUOTAROOT of ${mailbox} with ${describeAnswer(answer)}`);
  }
  const full = answer.data.some(
    (response) =>
      response.kind === 'quota' && response.resources.some((resource) => isFull(resource, strict)),
  );
  return full ? OVERQUOTA : DELIVERABLE;
}

/**
 * Whether anybody may post to a shared mailbox.
 * @throws ProtocolError where the answer is to another question
 */
export function postingVerdict(answer: ImapAnswer, mailbox: string): Verdict {
  if (answer.status !== 'OK') return denial(answer);
  const acls = answer.data.filter((response) => response.kind === 'acl');
  const [acl] = acls;
  if (acl === undefined || acls.length > 1 || acl.mailbox !== mailbox) {
    throw new ProtocolError(`imapd answered GETACL of ${mailbox} with ${describeAnswer(answer)}`);
  }
  const rights = rightsOfEverybody(acl.entries);
  if (rights.has('p')) return DELIVERABLE;
  return rights.has('l') ? REFUSED : UNKNOWN;
}

export function describeAnswer({ status, code, text }: ImapAnswer): string {
  return `${status} ${code === undefined ? '' : `[${code}] `}${text}`.trimEnd();
}

function denial(answer: ImapAnswer): Verdict {
  const { status, code, text } = answer;
  if (status === 'NO' && code === undefined && text === NONEXISTENT) return UNKNOWN;
  return deferred(`imapd said ${describeAnswer(answer)}`);
}

/**
 * Over it is what is above its limit. imapd rounds storage down to KiB, so of a mailbox that seems to be just at its limit
 * a byte may be above it; with a message that is to come, it surely will be.
 */
function isFull({ name, usage, limit }: QuotaResource, strict: boolean): boolean {
  return usage > limit || (strict && usage === limit && (name === 'STORAGE' || name === 'MESSAGE'));
}

/** cyrus_acl_myrights() of lib/acl_afs.c: what a negative entry takes away is gone, whoever gave it. */
function rightsOfEverybody(entries: readonly AclEntry[]): ReadonlySet<string> {
  const given = new Set<string>();
  const taken = new Set<string>();
  for (const { identifier, rights } of entries) {
    const negative = identifier.startsWith('-');
    if (!EVERYBODY.has(negative ? identifier.slice(1) : identifier)) continue;
    for (const right of rights) (negative ? taken : given).add(right);
  }
  for (const right of taken) given.delete(right);
  return given;
}
