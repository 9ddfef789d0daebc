// Whether what was said about a key agrees with what became of a message for it: delivery is the judge. No I/O.
import type { Verdict } from '../../src/validation/verdict.js';

/** @param where the mailboxes that the message went to */
export function disagrees(verdict: Verdict['kind'], where: readonly string[]): boolean {
  switch (verdict) {
    case 'deliverable':
      return where.length !== 1;
    case 'unknown':
    case 'refused':
    case 'overquota':
      return where.length > 0;
    case 'deferred':
      return false;
  }
}

/** The only harm that cannot be undone: a 550 for a message that would have been delivered. */
export function refusesMail(verdict: Verdict['kind'], where: readonly string[]): boolean {
  return (verdict === 'unknown' || verdict === 'refused') && where.length > 0;
}

/** @param reply of a socketmap; `PERM` becomes a 550 in Sendmail */
export function replyDisagrees(reply: string, where: readonly string[]): boolean {
  if (reply.startsWith('OK ')) return where.length !== 1;
  return /^(?:NOTFOUND|PERM) |^TEMP Over quota$/.test(reply) && where.length > 0;
}
