// Which recipients a list of mailboxes can decide: those whose name lmtpd looks up exactly as it is written. No I/O.
import type { Recipient } from '../../validation/recipient.js';

/** Such names lmtpd looks up as they are. A dot at the beginning or end, or two in a row, may mean something else to it. */
const PLAIN = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?:@[a-z0-9-]+(?:\.[a-z0-9-]+)*)?$/;
/** Left out, since lmtpd has a rule of its own for postmaster. */
const POSTMASTER = /^postmaster(?:@|$)/;

export function isListable({ mailbox, shared, folder }: Recipient): boolean {
  return !shared && !folder && PLAIN.test(mailbox) && !POSTMASTER.test(mailbox);
}
