// What lmtpd's reply to RCPT says about a mailbox: the one table. Permanent are `550 5.1.1` and `550 5.7.1`
// only; what is not in the table is deferred. After send_lmtp_error() of Cyrus' imap/lmtpengine.c. No I/O.
import {
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../validation/verdict.js';
import { describeReply, type LmtpReply } from './reply.js';

const TABLE: ReadonlyMap<string, Verdict> = new Map([
  /** `ok` */
  ['250 2.1.5', DELIVERABLE],
  /** `User unknown`: no such mailbox, or neither `l` nor `p` on a shared one. */
  ['550 5.1.1', UNKNOWN],
  /** `Permission denied`: a shared mailbox with `l` but without `p`. */
  ['550 5.7.1', REFUSED],
  /** `Over quota` */
  ['452 4.2.2', OVERQUOTA],
  /** `Over quota` with lmtp_over_quota_perm_failure. */
  ['552 5.2.2', OVERQUOTA],
]);

export function rcptVerdict(reply: LmtpReply): Verdict {
  return TABLE.get(`${reply.code} ${reply.enhanced}`) ?? deferred(`lmtpd said ${describeReply(reply)}`);
}
