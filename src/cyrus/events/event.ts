// What a mailbox event (RFC 5423, as json_formatter() of Cyrus' imap/mboxevent.c writes it) means for what we remember. An event
// names mailboxes to forget, and never makes one unknown. An event that is not understood may be about any mailbox. No I/O.
import { mailboxKey, type AddressRules } from '../../validation/recipient.js';
import type { DlistCommand } from './dlist.js';

type Named = {
  readonly event: string;
  readonly mailboxes: readonly string[];
  /** The server that says so, from the field serverFQDN. */
  readonly server?: string;
};

export type MailboxEvent =
  /** These mailboxes changed, by their names in the cache. Empty where it was no user's INBOX. */
  | (Named & { readonly kind: 'changed' })
  /** lmtpd found it over its quota. It is not forgotten: our own RCPT may be the cause, and we would ask again and again. */
  | (Named & { readonly kind: 'overquota' })
  /** Nothing that we remember, such as a login or a message; `foreign` where it is no mailbox event at all, as from Sieve. */
  | { readonly kind: 'other'; readonly event: string; readonly foreign: boolean }
  /** An event that was not understood, and may change what we remember. */
  | { readonly kind: 'doubtful'; readonly event: string; readonly reason: string };

const CHANGES: ReadonlySet<string> = new Set([
  'MailboxCreate',
  'MailboxDelete',
  'MailboxRename',
  'QuotaChange',
  'QuotaWithin',
  'AclChange',
]);

/** Events of mboxevent.c that change nothing we remember. */
const OTHERS =
  /^(?:Message|vnd\.cmu\.|Flags|Login|Logout|MailboxSubscribe|MailboxUnSubscribe|MailboxModseq|Calendar|ApplePush)/;

/** Names of Cyrus' events have at most 25 characters. A stranger's names are cut, since they go into the log and into counters. */
const NAME_MAX = 64;
/** RFC 1035 section 2.3.4. */
const SERVER_MAX = 255;

/** The class of the events that mboxevent.c sends; other classes, such as SIEVE, use the same socket. */
const EVENT_CLASS = 'EVENT';

/** @param command a command from notifysocket */
export function readEvent(command: DlistCommand, rules: AddressRules): MailboxEvent {
  const { name, value } = command;
  if (name !== 'NOTIFY') return { kind: 'other', event: name.slice(0, NAME_MAX), foreign: true };
  if (!(value instanceof Map)) return doubtful('unnamed', 'has no class');
  const fields: ReadonlyMap<unknown, unknown> = value;
  const eventClass = fields.get('CLASS');
  if (typeof eventClass !== 'string') return doubtful('unnamed', 'has no class');
  if (eventClass !== EVENT_CLASS)
    return { kind: 'other', event: eventClass.slice(0, NAME_MAX), foreign: true };
  const message = fields.get('MESSAGE');
  if (typeof message !== 'string') return doubtful('unnamed', 'has no message');
  return readMessage(message, rules);
}

function readMessage(message: string, rules: AddressRules): MailboxEvent {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(message, 'latin1').toString());
  } catch {
    return doubtful('unnamed', 'is no JSON');
  }
  const event = textField(fields, 'event');
  if (event === undefined || event.length > NAME_MAX) return doubtful('unnamed', 'has no event');
  const overQuota = event === 'QuotaExceed';
  if (overQuota && hasRoomLeft(fields)) return { kind: 'other', event, foreign: false };
  if (!overQuota && !CHANGES.has(event)) {
    return OTHERS.test(event) ? { kind: 'other', event, foreign: false } : doubtful(event, 'is not known');
  }
  const mailboxes: string[] = [];
  for (const field of event === 'MailboxRename' ? ['uri', 'oldMailboxID'] : ['uri']) {
    const uri = textField(fields, field);
    const names = mailboxesOfUri(uri ?? '', rules);
    if (names === undefined)
      return doubtful(event, `has the ${field} ${JSON.stringify(uri?.slice(0, 200) ?? null)}`);
    mailboxes.push(...names);
  }
  const server = textField(fields, 'serverFQDN')?.slice(0, SERVER_MAX);
  return {
    kind: overQuota ? 'overquota' : 'changed',
    event,
    mailboxes,
    ...(server === undefined ? {} : { server }),
  };
}

/**
 * The names in the cache for the mailbox of an IMAP URL (RFC 5092) in Cyrus' admin namespace: `user/x@dom`, `user.x@dom`
 * (where a dot in x is `^`), or a folder of these, with and without domain. A mailbox that is no user's has none.
 * @returns undefined where the URL cannot be understood
 */
export function mailboxesOfUri(uri: string, rules: AddressRules): string[] | undefined {
  const path = /^imap:\/\/[^/]*\/([^;?]*)/.exec(uri)?.[1];
  if (path === undefined) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const at = name.lastIndexOf('@');
  if (at === -1) return ownersOf(name, undefined, rules);
  // A folder of a user without domain may have an `@` in its own name: then the event is about no INBOX.
  return ownersOf(name.slice(0, at), name.slice(at + 1), rules);
}

function ownersOf(folders: string, domain: string | undefined, rules: AddressRules): string[] | undefined {
  if (domain === '' || folders === '') return undefined;
  // This is the folder above all users' mailboxes: a quota that is set there counts for everybody.
  if (folders === 'user') return undefined;
  const separator = /^user([/.])/.exec(folders)?.[1];
  if (separator === undefined) return [];
  // Without a known default domain we cannot tell which addresses lead to a mailbox without domain.
  if (domain === undefined && rules.virtualDomains && rules.defaultDomain === undefined) return undefined;
  const user = folders.split(separator)[1] ?? '';
  if (user === '') return undefined;
  return [mailboxKey(fold(modifiedUtf7(user), rules), domain && fold(domain, rules), rules)];
}

/** Back to modified UTF-7 (RFC 3501 section 5.1.3): the URL has UTF-8 instead, but an address has the name as Cyrus keeps it. */
function modifiedUtf7(text: string): string {
  return text.replaceAll('&', '&-').replace(/[^\0-\x7f]+/g, (run) => {
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replaceAll('=', '').replaceAll('/', ',')}-`;
  });
}

/** Lower case as in lmtpd. To forget one name too many costs a question; one too few would leave an old answer. */
function fold(text: string, rules: AddressRules): string {
  return rules.downcase ? text.toLowerCase() : text;
}

/**
 * Whether the mailbox is not over its quota, though Cyrus says QuotaExceed: with lmtp_strict_quota, or at an APPEND, the event can
 * mean that one message did not fit, and a smaller one may. Then no more is used than the limit. The event gives the limit only
 * of the resource that was exceeded; storage is in KiB, rounded down.
 */
function hasRoomLeft(fields: unknown): boolean {
  const pairs = [
    [numberField(fields, 'diskUsed'), numberField(fields, 'diskQuota')],
    [numberField(fields, 'messages'), numberField(fields, 'maxMessages')],
  ] as const;
  const known = pairs.filter(([used, limit]) => used !== undefined && limit !== undefined);
  return known.length > 0 && known.every(([used = 0, limit = 0]) => used <= limit);
}

function numberField(fields: unknown, name: string): number | undefined {
  const value = fieldOf(fields, name);
  return typeof value === 'number' ? value : undefined;
}

function textField(fields: unknown, name: string): string | undefined {
  const value = fieldOf(fields, name);
  return typeof value === 'string' ? value : undefined;
}

function fieldOf(fields: unknown, name: string): unknown {
  return typeof fields === 'object' && fields !== null ? Reflect.get(fields, name) : undefined;
}

function doubtful(event: string, reason: string): MailboxEvent {
  return { kind: 'doubtful', event, reason };
}
