// What imapd's answer to GETQUOTAROOT says about a mailbox (RFC 9208 section 4.1.3): whether it exists, and whether it is
// over its quota, as quota_is_overquota() of Cyrus' imap/quota_db.c judges it for lmtpd. No I/O.
import { ProtocolError } from '../../errors.js';
import { DELIVERABLE, OVERQUOTA, type Verdict } from '../../validation/verdict.js';
import { denial, describeAnswer, type ImapAnswer } from './answer.js';
import type { QuotaResource } from './response.js';

const BYTES_IN_KIB = 1024;

/**
 * Whether a mailbox exists and has room.
 * @param mailbox the name that was asked about
 * @param strict as `lmtp_strict_quota`: the message that is to come counts too
 * @param messageBytes of that message, where it is known
 * @throws ProtocolError where the answer is to another question
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
 * Whether a message surely does not fit. imapd rounds storage down to KiB, so of a mailbox that seems to be just at its limit
 * a byte may be above it, and with a message that is to come it will be. Of one below its limit less may be free than it
 * seems, but never more.
 */
function hasNoRoom({ name, usage, limit }: QuotaResource, messageBytes: number): boolean {
  if (name === 'STORAGE') return usage === limit || messageBytes > (limit - usage) * BYTES_IN_KIB;
  return name === 'MESSAGE' && usage === limit;
}
