// IMAP commands (RFC 3501 section 6; RFC 2087, RFC 2342, RFC 4314, RFC 5258) without their tag. Only a checked MailboxName may
// stand between the quotes, so that no stranger's bytes can break a command. No I/O.
import type { MailboxName } from '../mailbox-name.js';

/** Asks whether a mailbox exists, and for its quota, at once. It changes nothing. */
export function getQuotaRoot(mailbox: MailboxName): string {
  return `GETQUOTAROOT ${quoted(mailbox)}`;
}

/** Asks for a quota, which imapd refuses to everybody but administrators. It changes nothing. */
export function getQuota(root: MailboxName): string {
  return `GETQUOTA ${quoted(root)}`;
}

/** Asks who may post to a mailbox. Only administrators may ask. */
export function getAcl(mailbox: MailboxName): string {
  return `GETACL ${quoted(mailbox)}`;
}

/** Asks for all mailboxes that match the pattern. */
export function list(pattern: MailboxName): string {
  return `LIST "" ${quoted(pattern)}`;
}

/** @param initialResponse base64, `=` for an empty one (RFC 4959); undefined for none */
export function authenticate(mechanism: string, initialResponse: string | undefined): string {
  return initialResponse === undefined
    ? `AUTHENTICATE ${mechanism}`
    : `AUTHENTICATE ${mechanism} ${initialResponse}`;
}

function quoted(name: MailboxName): string {
  return `"${name}"`;
}
