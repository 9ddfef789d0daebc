// What a mailbox event (RFC 5423, as json_formatter() of Cyrus' imap/mboxevent.c writes it) means for what we
// remember. An event never makes a verdict: it names the mailboxes to forget. What cannot be understood may concern
// any mailbox. No I/O.
import { mailboxKey, type AddressRules } from '../../validation/recipient.js';
import type { DlistCommand } from './dlist.js';

type Named = {
  readonly event: string;
  readonly mailboxes: readonly string[];
  /** Who says so: serverFQDN. */
  readonly server?: string;
};

export type MailboxEvent =
  /** These changed; keys of the cache, folded. Empty where no user's INBOX is concerned. */
  | (Named & { readonly kind: 'changed' })
  /** lmtpd found it over quota, from inside a RCPT: forgetting it would make it ask again. Not so where only a message had no room. */
  | (Named & { readonly kind: 'overquota' })
  /** Of no concern: a login, a message; `foreign` where it is no mailbox event, such as a Sieve notification. */
  | { readonly kind: 'other'; readonly event: string; readonly foreign: boolean }
  /** Perhaps of concern, and not understood. */
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

/** Cyrus' own have 25 characters at most; a stranger's stand in a log line and a table of counts. */
const NAME_MAX = 64;
/** RFC 1035 section 2.3.4. */
const SERVER_MAX = 255;

/** Class of what mboxevent.c sends; others, such as SIEVE, share the socket. */
const EVENT_CLASS = 'EVENT';

/** @param command as it came from notifysocket */
export function readEvent(command: DlistCommand, rules: AddressRules): MailboxEvent {
  const { name, value } = command;
  if (name !== 'NOTIFY') return { kind: 'other', event: name.slice(0, NAME_MAX), foreign: true };
  const fields: ReadonlyMap<unknown, unknown> | undefined = value instanceof Map ? value : undefined;
  const eventClass = fields?.get('CLASS');
  if (typeof eventClass !== 'string') return doubtful('unnamed', 'has no class');
  if (eventClass !== EVENT_CLASS)
    return { kind: 'other', event: eventClass.slice(0, NAME_MAX), foreign: true };
  const message = fields?.get('MESSAGE');
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
    const names = uri === undefined ? undefined : mailboxesOfUri(uri, rules);
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
 * The cache's names for the mailbox of an IMAP URL (RFC 5092) in Cyrus' admin namespace: `user/x@dom`, `user.x@dom`
 * (where a dot in x is `^`), folders beneath, with and without domain. What is no user's has no name there.
 * @returns undefined where it cannot be understood
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
  // A folder of a user without domain may have an `@` of its own: then no INBOX is concerned.
  return ownersOf(name.slice(0, at), name.slice(at + 1), rules);
}

function ownersOf(folders: string, domain: string | undefined, rules: AddressRules): string[] | undefined {
  if (domain === '' || folders === '') return undefined;
  // The folder above all users': a quota that is set there is everybody's.
  if (folders === 'user') return undefined;
  const separator = /^user([/.])/.exec(folders)?.[1];
  if (separator === undefined) return [];
  // Which addresses reach a mailbox without domain is not known then: any may.
  if (domain === undefined && rules.virtualDomains && rules.defaultDomain === undefined) return undefined;
  const user = folders.split(separator)[1] ?? '';
  if (user === '') return undefined;
  return [mailboxKey(fold(modifiedUtf7(user), rules), domain && fold(domain, rules), rules)];
}

/** RFC 3501 section 5.1.3: the URL has UTF-8 in the place of it, an address that reaches the mailbox has not. */
function modifiedUtf7(text: string): string {
  return text.replaceAll('&', '&-').replace(/[^\0-\x7f]+/g, (run) => {
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replaceAll('=', '').replaceAll('/', ',')}-`;
  });
}

/** As lmtpd folds: a name too many costs a question, a name too few would leave an old answer. */
function fold(text: string, rules: AddressRules): string {
  return rules.downcase ? text.toLowerCase() : text;
}

/**
 * With lmtp_strict_quota, or at an APPEND, it tells of a message that does not fit, where a smaller one may: then what is used
 * is not over the limit. Only the resource that was exceeded has one here. Storage is in KiB, rounded down.
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
  if (typeof fields !== 'object' || fields === null) return undefined;
  const value: unknown = Reflect.get(fields, name);
  return typeof value === 'number' ? value : undefined;
}

function textField(fields: unknown, name: string): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  const value: unknown = Reflect.get(fields, name);
  return typeof value === 'string' ? value : undefined;
}

function doubtful(event: string, reason: string): MailboxEvent {
  return { kind: 'doubtful', event, reason };
}
