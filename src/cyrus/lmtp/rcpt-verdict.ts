// What lmtpd's reply to RCPT says about a mailbox: the one table. Permanent are `550 5.1.1` and `550 5.7.1`
// only; what is not in the table is deferred. After send_lmtp_error() of Cyrus' imap/lmtpengine.c. No I/O.
import {
  addEvidence,
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../validation/verdict.js';
import { saidOf, sessionIn } from '../../validation/evidence.js';
import { describeReply, type LmtpReply } from './reply.js';

const TABLE: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
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

/** What it says to a dictionary attack is one object, whatever its number. */
const USER_UNKNOWN = '5.1.1 User unknown';
const UNKNOWN_SAID = withWords(UNKNOWN, { code: 550, enhanced: '5.1.1', lines: [USER_UNKNOWN] });

/** @returns with Cyrus' words as evidence, where it is no yes */
export function rcptVerdict(reply: LmtpReply): Verdict {
  const verdict =
    TABLE.get(`${reply.code} ${reply.enhanced}`) ?? deferred(`lmtpd said ${describeReply(reply)}`);
  if (verdict === UNKNOWN && reply.lines.at(-1) === USER_UNKNOWN) return UNKNOWN_SAID;
  return withWords(verdict, reply);
}

function withWords(verdict: Verdict, { code, enhanced, lines }: LmtpReply): Verdict {
  if (verdict.kind === 'deliverable') return verdict;
  const text = lines.at(-1) ?? '';
  const session = sessionIn(text);
  const said = saidOf(String(code), enhanced, text.slice(enhanced === '' ? 0 : enhanced.length + 1));
  return addEvidence(verdict, session === undefined ? { said } : { said, session });
}
