// What one who is asked can be asked about, and whose word is taken for what. No I/O.
import { deferredByRule, type Outcome } from './outcome.js';
import type { Probe } from './probe.js';
import { isEightBit, type Recipient } from './recipient.js';
import { deferred, type Verdict } from './verdict.js';

/** Undefined where the probe can be asked about the recipient. */
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
 * With lmtp_fuzzy_mailbox_match lmtpd says 250 to a RCPT for a shared mailbox whose name is only like one, or that lies in
 * one, and 550 to the letter (3.2.6 to 3.12.4). Nothing that it says before the letter tells them apart, so its "yes" is
 * none; its "no" is one, and a user's mailbox is not concerned: he has his INBOX for any detail.
 * @param fuzzy the back-channels of which imapd.conf says so
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
