// IMAP commands (RFC 3501 section 6; RFC 2087, RFC 2342, RFC 4314, RFC 5258) without their tag. What stands between
// quotes is a checked MailboxName, so that no command can be broken by a stranger's bytes. No I/O.
import type { MailboxName } from '../mailbox-name.js';

/** Existence and quota at once; changes nothing. */
export function getQuotaRoot(mailbox: MailboxName): string {
  return `GETQUOTAROOT ${quoted(mailbox)}`;
}

/** Refused to whoever is no administrator; changes nothing. */
export function getQuota(root: MailboxName): string {
  return `GETQUOTA ${quoted(root)}`;
}

/** Who may post to it; for an administrator only. */
export function getAcl(mailbox: MailboxName): string {
  return `GETACL ${quoted(mailbox)}`;
}

/** All mailboxes that match the pattern. */
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
