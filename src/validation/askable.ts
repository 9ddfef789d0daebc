// Which recipients a back-channel can be asked about, and which of its answers cannot be taken for what they say. No I/O.
import { deferredByRule, type Outcome } from './outcome.js';
import type { Probe } from './probe.js';
import { isEightBit, type Recipient } from './recipient.js';
import { deferred, type Verdict } from './verdict.js';

/** @returns why the recipient is deferred without asking; undefined where the probe can be asked about it */
export function unaskedOf(recipient: Recipient, probe: Probe): Outcome | undefined {
  if (recipient.folder && probe.seesFolders !== true) {
    return deferredByRule(`a folder of ${probe.name}`, 'the back-channel sees no folders');
  }
  if (isEightBit(recipient) && probe.asksEightBit !== true) {
    return deferredByRule('an 8-bit address', 'the back-channel cannot be asked with 8-bit bytes');
  }
  return undefined;
}

/**
 * Defers a shared mailbox where lmtp_fuzzy_mailbox_match is on. lmtpd then says 250 to the RCPT if the name only resembles that
 * of a shared mailbox, or would lie inside of one, but 550 when the message comes (3.2.6 to 3.12.4). Its reply to the RCPT does
 * not tell such a name from a real one, so its "yes" proves nothing. Its "no" does; and mail for a user always has the INBOX.
 * @param fuzzy names of the back-channels whose imapd.conf has it on
 */
export function unlessFuzzy(
  verdict: Verdict,
  recipient: Recipient,
  probe: Probe,
  fuzzy: ReadonlySet<string> | undefined,
): Verdict {
  if (verdict.kind !== 'deliverable' || !recipient.shared || fuzzy?.has(probe.name) !== true) return verdict;
  return deferred('lmtp_fuzzy_mailbox_match is on: lmtpd takes shared mailboxes that it may not deliver to');
}
