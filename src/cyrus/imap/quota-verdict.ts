// What imapd's answer to GETQUOTAROOT says about a mailbox (RFC 9208 section 4.1.3): whether it exists, and whether it is
// over its quota, as quota_is_overquota() of Cyrus' imap/quota_db.c judges it for lmtpd. No I/O.
import { ProtocolError } from '../../errors.js';
import { DELIVERABLE, OVERQUOTA, type Verdict } from '../../validation/verdict.js';
import { denial, describeAnswer, type ImapAnswer } from './answer.js';
import type { QuotaResource } from './response.js';

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
 * Over it is what is above its limit. imapd rounds storage down to KiB, so of a mailbox that seems to be just at its limit
 * a byte may be above it; with a message that is to come, it surely will be.
 */
function isFull({ name, usage, limit }: QuotaResource, strict: boolean): boolean {
  return usage > limit || (strict && usage === limit && (name === 'STORAGE' || name === 'MESSAGE'));
}
