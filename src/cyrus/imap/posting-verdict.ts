// What imapd's answer to GETACL means for a shared mailbox (RFC 4314 section 3.6): whether somebody who did not log in may post to
// it, since that is what append_check() of Cyrus' imap/append.c checks for lmtpd. No I/O.
import { ProtocolError } from '../../errors.js';
import { DELIVERABLE, REFUSED, UNKNOWN, type Verdict } from '../../validation/verdict.js';
import { denial, describeAnswer, type ImapAnswer } from './answer.js';
import type { AclEntry } from './response.js';

/** Somebody who did not log in counts as both: auth_memberof() of lib/auth_unix.c. */
const EVERYBODY: ReadonlySet<string> = new Set(['anyone', 'anonymous']);

/**
 * Whether anybody may post to a shared mailbox.
 * @throws ProtocolError where the answer belongs to another question
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

/** As in cyrus_acl_myrights() of lib/acl_afs.c: a right that a negative entry takes away is gone, though another entry gives it. */
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
