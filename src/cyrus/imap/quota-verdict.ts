// What imapd's answer to GETQUOTAROOT means for a mailbox (RFC 9208 section 4.1.3): whether it exists, and whether it is over its
// quota, by the rule of quota_is_overquota() in Cyrus' imap/quota_db.c, which lmtpd uses. No I/O.
import { ProtocolError } from '../../errors.js';
import { DELIVERABLE, OVERQUOTA, type Verdict } from '../../validation/verdict.js';
import { denial, describeAnswer, type ImapAnswer } from './answer.js';
import type { QuotaResource } from './response.js';

const BYTES_IN_KIB = 1024;

/**
 * Whether a mailbox exists and has room.
 * @param mailbox the name that was asked about
 * @param strict the setting `lmtp_strict_quota`: the coming message counts too
 * @param messageBytes the size of that message, where it is known
 * @throws ProtocolError where the answer belongs to another question
 */
export function quotaVerdict(
  answer: ImapAnswer,
  mailbox: string,
  strict: boolean,
  messageBytes = 0,
): Verdict {
  if (answer.status !== 'OK') return denial(answer);
  const roots = answer.data.filter((response) => response.kind === 'quotaroot');
  const [root] = roots;
  if (root === undefined || roots.length > 1 || root.mailbox !== mailbox) {
    throw new ProtocolError(`imapd answered GETQUOTAROOT of ${mailbox} with ${describeAnswer(answer)}`);
  }
  const isFull = ({ resources }: QuotaResponse): boolean =>
    resources.some((each) => isOver(each) || (strict && hasNoRoom(each, messageBytes)));
  const full = answer.data.some((response) => response.kind === 'quota' && isFull(response));
  return full ? OVERQUOTA : DELIVERABLE;
}

type QuotaResponse = { readonly resources: readonly QuotaResource[] };

function isOver({ usage, limit }: QuotaResource): boolean {
  return usage > limit;
}

/**
 * Whether a message certainly does not fit. imapd rounds the used storage down to KiB. So a mailbox that seems to be exactly at
 * its limit has at least used it up, and any message is too much. A mailbox below its limit may have less room than it seems,
 * but never more.
 */
function hasNoRoom({ name, usage, limit }: QuotaResource, messageBytes: number): boolean {
  if (name === 'STORAGE') return usage === limit || messageBytes > (limit - usage) * BYTES_IN_KIB;
  return name === 'MESSAGE' && usage === limit;
}
