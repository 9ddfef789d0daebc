// Which recipients a list of mailboxes can decide: those whose name lmtpd can only look up as it stands. No I/O.
import type { Recipient } from '../../validation/recipient.js';

/** Parts as lmtpd can only look them up. A dot at an end or two in a row may mean other things to it. */
const PLAIN = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?:@[a-z0-9-]+(?:\.[a-z0-9-]+)*)?$/;
/** lmtpd has a rule of its own for it. */
const POSTMASTER = /^postmaster(?:@|$)/;

export function isListable({ mailbox, shared, folder }: Recipient): boolean {
  return !shared && !folder && PLAIN.test(mailbox) && !POSTMASTER.test(mailbox);
}
