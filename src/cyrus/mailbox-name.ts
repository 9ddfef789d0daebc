// The name of a recipient's mailbox as an administrator sees it over IMAP, and back: `user/alice@example.jp`, with
// `unixhierarchysep: no` `user.first^last@example.jp`; shared mailboxes have no `user`. After
// mbname_from_recipient() and mbname_extname() of Cyrus' imap/mboxname.c. No I/O.
import { ConfigError } from '../errors.js';
import { mailboxKey, parseKey, type AddressRules, type Recipient } from '../validation/recipient.js';

declare const checked: unique symbol;

/** A mailbox name or LIST pattern that may stand between quotes: printable ASCII without quote and backslash. */
export type MailboxName = string & { readonly [checked]: true };

/** Cyrus' hierarchy separator, as NAMESPACE says it: `/` with `unixhierarchysep: yes`. */
export type Separator = '/' | '.';

/** Cyrus creates no mailbox with `%` in its name: mboxname_policycheck() of imap/mboxname.c. */
export const IMPOSSIBLE_ROOT = brand('cyrusmapd%');

const PLAIN = /^[a-z0-9.-]+$/;
const QUOTABLE = /^[ !#-[\]-~]*$/;
const DOMAIN = /^(?:\*|(?:\*\.)?[A-Za-z0-9.-]+)$/;

/**
 * The mailbox that takes a recipient's mail: as for lmtpd, any detail goes to the user's INBOX, but the
 * `postuser`'s names a shared mailbox. As for smmapd, the folder, where that is asked about.
 * @returns undefined where no mailbox can have the name, or where it would lead to another kind of mailbox
 */
export function mailboxNameOf(
  recipient: Recipient,
  separator: Separator,
  rules: AddressRules,
): MailboxName | undefined {
  const { domain } = recipient;
  const name = nameOf(recipient, separator, rules);
  if (name === undefined || !QUOTABLE.test(name)) return undefined;
  if (!rules.virtualDomains) return brand(name);
  // lmtpd takes `<bob>` and refuses `<bob@>`.
  if (domain === '') return undefined;
  // Cyrus drops the default domain. Without any, it would add that of the login, which it may have given it by itself.
  const written = domain ?? rules.defaultDomain;
  return brand(written === undefined ? name : `${name}@${written}`);
}

/**
 * The LIST pattern for the INBOXes of one domain, or with `*` in it of several.
 * @param domain undefined for Cyrus' default domain, or where virtual domains are off
 */
export function inboxPattern(domain: string | undefined, separator: Separator): MailboxName {
  if (domain === undefined) return brand(`user${separator}%`);
  if (!DOMAIN.test(domain)) {
    throw new ConfigError(
      `domain ${JSON.stringify(domain)} cannot be listed: must be letters, digits, -, . and *`,
    );
  }
  return brand(`user${separator}%@${domain}`);
}

/**
 * What the cache keeps a listed mailbox under.
 * @param name as LIST gave it
 * @returns undefined for what is no user's INBOX, or one that no address leads to: with capitals, a space, a `+`
 */
export function listedMailbox(name: string, separator: Separator, rules: AddressRules): string | undefined {
  const prefix = `user${separator}`;
  if (!name.startsWith(prefix)) return undefined;
  const at = rules.virtualDomains ? name.lastIndexOf('@') : -1;
  const part = name.slice(prefix.length, at === -1 ? undefined : at);
  const domain = at === -1 ? undefined : name.slice(at + 1);
  if (part === '' || domain === '' || part.includes(separator)) return undefined;
  const key = mailboxKey(part, domain, rules);
  // Nearly all of a million: no folding can change them, and no address with them is broken.
  if (PLAIN.test(part) && (domain === undefined || PLAIN.test(domain))) return key;
  const parsed = parseKey(key, rules);
  return parsed.kind === 'recipient' && parsed.recipient.mailbox === key ? key : undefined;
}

/**
 * A dot of the local part is kept as `^`: both lead to the same mailbox. `/` stands in no mailbox's name, and would
 * name a folder.
 */
function inboxName(local: string, separator: Separator): string | undefined {
  if (local === '' || local.includes('/')) return undefined;
  const part = separator === '/' ? local.replaceAll('^', '.') : local.replaceAll('.', '^');
  return `user${separator}${part}`;
}

function nameOf(recipient: Recipient, separator: Separator, rules: AddressRules): string | undefined {
  const { local, detail, folder } = recipient;
  const path = detail === undefined || detail === '' ? undefined : pathOf(detail, separator);
  if (detail !== undefined && local === rules.postUser) {
    // For an administrator `INBOX` is his own.
    return path?.split(separator)[0]?.toUpperCase() === 'INBOX' ? undefined : path;
  }
  const inbox = inboxName(local, separator);
  if (!folder || inbox === undefined) return inbox;
  return path === undefined ? undefined : inbox + separator + path;
}

/** `^` in it is a dot. */
function pathOf(detail: string, separator: Separator): string | undefined {
  if (separator === '.' && detail.includes('/')) return undefined;
  const path = separator === '/' ? detail.replaceAll('^', '.') : detail;
  // charset_to_imaputf7() encodes a detail, of which ASCII stays but `&`.
  return path.replaceAll('&', '&-');
}

function brand(name: string): MailboxName {
  return name as MailboxName;
}
