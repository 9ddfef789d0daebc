// The name of a recipient's mailbox as an administrator sees it over IMAP, and back: `user/alice@example.jp`, with
// `unixhierarchysep: no` `user.first^last@example.jp`; shared mailboxes have no `user`. After
// mbname_from_recipient() and mbname_extname() of Cyrus' imap/mboxname.c. No I/O.
import { ConfigError } from '../errors.js';
import type { Recipient } from '../validation/recipient.js';

declare const checked: unique symbol;

/** A mailbox name or LIST pattern that may stand between quotes: printable ASCII without quote and backslash. */
export type MailboxName = string & { readonly [checked]: true };

export type Separator = '/' | '.';

export type MailboxNaming = {
  /** As NAMESPACE says: `/` with Cyrus' `unixhierarchysep: yes`. */
  readonly separator: Separator;
  /** Cyrus' `virtdomains`: without it the domain of an address means nothing. */
  readonly virtualDomains: boolean;
  /** Cyrus' `postuser`. */
  readonly postUser: string;
};

/** Whose INBOX it is. Without a domain it is of Cyrus' default domain, or virtual domains are off. */
export type Owner = { readonly local: string; readonly domain: string | undefined };

const QUOTABLE = /^[ !#-[\]-~]*$/;
const DOMAIN = /^[A-Za-z0-9.-]+$/;

/**
 * The mailbox that takes a recipient's mail: as for lmtpd, any detail goes to the user's INBOX, but the
 * `postuser`'s names a shared mailbox.
 * @returns undefined where no mailbox can have the name, or where it would lead to another kind of mailbox
 */
export function mailboxNameOf(recipient: Recipient, naming: MailboxNaming): MailboxName | undefined {
  const { local, detail } = recipient;
  const shared = detail !== undefined && (local === '' || local === naming.postUser);
  const name = shared ? sharedName(detail, naming.separator) : inboxName(local, naming.separator);
  if (name === undefined || !QUOTABLE.test(name)) return undefined;
  const domain = naming.virtualDomains ? recipient.domain : undefined;
  return brand(domain === undefined || domain === '' ? name : `${name}@${domain}`);
}

/**
 * The LIST pattern for the INBOXes of one domain.
 * @param domain undefined for Cyrus' default domain, or where virtual domains are off
 */
export function inboxPattern(domain: string | undefined, separator: Separator): MailboxName {
  if (domain === undefined) return brand(`user${separator}%`);
  if (!DOMAIN.test(domain)) {
    throw new ConfigError(
      `domain ${JSON.stringify(domain)} cannot be listed: letters, digits, - and . are allowed`,
    );
  }
  return brand(`user${separator}%@${domain}`);
}

/**
 * Reads a mailbox name of a LIST response.
 * @returns whose INBOX it is; undefined for a folder beneath one and for a shared mailbox
 */
export function ownerOf(name: string, naming: MailboxNaming): Owner | undefined {
  const prefix = `user${naming.separator}`;
  if (!name.startsWith(prefix)) return undefined;
  const at = naming.virtualDomains ? name.lastIndexOf('@') : -1;
  const domain = at === -1 ? undefined : name.slice(at + 1);
  const part = name.slice(prefix.length, at === -1 ? undefined : at);
  if (part === '' || domain === '' || part.includes(naming.separator)) return undefined;
  return { local: fromHierarchy(part, naming.separator), domain };
}

/** `/` stands in no mailbox's name, and would name a folder. */
function inboxName(local: string, separator: Separator): string | undefined {
  return local.includes('/') ? undefined : `user${separator}${toHierarchy(local, separator)}`;
}

/** The detail is a path already. For an administrator `INBOX` is his own. */
function sharedName(detail: string, separator: Separator): string | undefined {
  const [first] = detail.split(separator);
  if (detail === '' || first?.toUpperCase() === 'INBOX') return undefined;
  if (separator === '.') return detail.includes('/') ? undefined : utf7(detail);
  return utf7(detail.replaceAll('^', '.'));
}

/** Cyrus keeps the dot of a name as `^`: both lead to the same mailbox. */
function toHierarchy(part: string, separator: Separator): string {
  return separator === '/' ? part.replaceAll('^', '.') : part.replaceAll('.', '^');
}

function fromHierarchy(part: string, separator: Separator): string {
  return separator === '/' ? part : part.replaceAll('^', '.');
}

/** Modified UTF-7 (RFC 3501 section 5.1.3) of ASCII, as charset_to_imaputf7() does it to a detail. */
function utf7(text: string): string {
  return text.replaceAll('&', '&-');
}

function brand(name: string): MailboxName {
  return name as MailboxName;
}
