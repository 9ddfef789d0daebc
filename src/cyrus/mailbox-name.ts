// From a recipient to the name of his mailbox as an administrator sees it over IMAP, and back: `user/alice@example.jp`, or with
// `unixhierarchysep: no` `user.first^last@example.jp`; shared mailboxes have no `user`. As mbname_from_recipient() and
// mbname_extname() of Cyrus' imap/mboxname.c. No I/O.
import { ConfigError } from '../errors.js';
import { mailboxKey, parseKey, type AddressRules, type Recipient } from '../validation/recipient.js';

declare const checked: unique symbol;

/** A mailbox name or LIST pattern that may stand between quotes: printable ASCII without quote and backslash. */
export type MailboxName = string & { readonly [checked]: true };

/** The separator of levels in Cyrus' names, which NAMESPACE tells: `/` with `unixhierarchysep: yes`. */
export type Separator = '/' | '.';

/** A name that cannot exist, since Cyrus creates no mailbox with `%` in it: mboxname_policycheck() of imap/mboxname.c. */
export const IMPOSSIBLE_ROOT = brand('cyrusmapd%');

const PLAIN = /^[a-z0-9.-]+$/;
const QUOTABLE = /^[ !#-[\]-~]*$/;
const DOMAIN = /^(?:\*|(?:\*\.)?[A-Za-z0-9.-]+)$/;

/**
 * The mailbox that takes a recipient's mail. As in lmtpd, mail with a detail goes to the user's INBOX, but for `postuser`
 * the detail names a shared mailbox. Where the folder is asked about, it is the folder, as in smmapd.
 * @returns undefined where no mailbox can have the name, or where it would be the name of another kind of mailbox
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
  // Cyrus removes the default domain. To a name without domain it would add that of the login, which may be another one.
  const written = domain ?? rules.defaultDomain;
  return brand(written === undefined ? name : `${name}@${written}`);
}

/**
 * The LIST pattern for the INBOXes of one domain, or of several if the domain has a `*`.
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
 * The name of a listed mailbox in the cache.
 * @param name as LIST gave it
 * @returns undefined where it is no user's INBOX, or one that no address leads to, such as with capitals, a space or a `+`
 */
export function listedMailbox(name: string, separator: Separator, rules: AddressRules): string | undefined {
  const prefix = `user${separator}`;
  if (!name.startsWith(prefix)) return undefined;
  const at = rules.virtualDomains ? name.lastIndexOf('@') : -1;
  const part = name.slice(prefix.length, at === -1 ? undefined : at);
  const domain = at === -1 ? undefined : name.slice(at + 1);
  if (part === '' || domain === '' || part.includes(separator)) return undefined;
  const key = mailboxKey(part, domain, rules);
  // Nearly all names are like this. They are in lower case already, and valid in an address, so parsing would change nothing.
  if (PLAIN.test(part) && (domain === undefined || PLAIN.test(domain))) return key;
  const parsed = parseKey(key, rules);
  return parsed.kind === 'recipient' && parsed.recipient.mailbox === key ? key : undefined;
}

/**
 * Cyrus keeps a dot of the local part as `^`, so both lead to the same mailbox. No user's name may hold `/`, which would
 * lead to a folder.
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
    // For an administrator `INBOX` would be his own one.
    return path?.split(separator)[0]?.toUpperCase() === 'INBOX' ? undefined : path;
  }
  const inbox = inboxName(local, separator);
  if (!folder || inbox === undefined) return inbox;
  return path === undefined ? undefined : inbox + separator + path;
}

/** The path of folders that a detail names. A `^` in it is a dot. */
function pathOf(detail: string, separator: Separator): string | undefined {
  if (separator === '.' && detail.includes('/')) return undefined;
  const path = separator === '/' ? detail.replaceAll('^', '.') : detail;
  // Cyrus encodes a detail by charset_to_imaputf7(), which changes of all ASCII characters only `&`.
  return path.replaceAll('&', '&-');
}

function brand(name: string): MailboxName {
  return name as MailboxName;
}
