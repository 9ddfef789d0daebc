// The one table that says what lmtpd's reply to RCPT means for a mailbox. Only `550 5.1.1` and `550 5.7.1` are taken as a final
// "no"; a reply that is not in the table is deferred. It follows send_lmtp_error() of Cyrus' imap/lmtpengine.c. No I/O.
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
  /** lmtpd says `ok`. */
  ['250 2.1.5', DELIVERABLE],
  /** `User unknown`: there is no such mailbox, or it is a shared one on which the sender has neither the right `l` nor `p`. */
  ['550 5.1.1', UNKNOWN],
  /** `Permission denied`: it is a shared mailbox on which the sender has the right `l` but not `p`. */
  ['550 5.7.1', REFUSED],
  /** `Over quota`: the mailbox exists. */
  ['452 4.2.2', OVERQUOTA],
  /** `Over quota`, with lmtp_over_quota_perm_failure. */
  ['552 5.2.2', OVERQUOTA],
]);

/** In a dictionary attack this reply comes many times, so its verdict is made once and used again. */
const USER_UNKNOWN = '5.1.1 User unknown';
const UNKNOWN_SAID = withWords(UNKNOWN, { code: 550, enhanced: '5.1.1', lines: [USER_UNKNOWN] });

/** @returns the verdict; unless it is deliverable, with Cyrus' words as evidence */
export function rcptVerdict(reply: LmtpReply): Verdict {
  const verdict =
    TABLE.get(`${reply.code} ${reply.enhanced}`) ?? deferred(`lmtpd said ${describeReply(reply)}`);
  if (verdict === UNKNOWN && reply.lines.at(-1) === USER_UNKNOWN) return UNKNOWN_SAID;
  return withWords(verdict, reply);
}

function withWords(verdict: Verdict, { code, enhanced, lines }: LmtpReply): Verdict {
  // Stryker disable next-line ConditionalExpression: addEvidence() gives it back as it is; this only saves the time for its words.
  if (verdict.kind === 'deliverable') return verdict;
  const text = lines.at(-1) ?? '';
  const session = sessionIn(text);
  const said = saidOf(String(code), enhanced, text.slice(enhanced === '' ? 0 : enhanced.length + 1));
  return addEvidence(verdict, session === undefined ? { said } : { said, session });
}
