// From a key of a stranger to a Recipient that may stand in a line of LMTP or IMAP, folded as Cyrus folds it.
// After mbname_from_recipient() of Cyrus' imap/mboxname.c (last `@`, first `+`, lmtp_downcase_rcpt) and
// parseaddr() of imap/lmtpengine.c (what lmtpd can only refuse). Keys are latin1: a character a byte. No I/O.

declare const checked: unique symbol;

/**
 * A parsed key: printable ASCII without space, quote, backslash or bracket, and 8-bit bytes only where the rules have them
 * asked about; so no command line can be broken.
 */
export type Recipient = {
  /** What the cache keeps it under: see mailboxKey(); the whole address where the detail names the mailbox. */
  readonly mailbox: string;
  /**
   * Whether every version of Cyrus judges this spelling as it does every other one that is plain and has the same `mailbox`.
   * Only then may an answer about one be an answer about another: see isPlain().
   */
  readonly plain: boolean;
  /** What RCPT TO is given, without the angle brackets: as it will be delivered. */
  readonly address: string;
  /** Folded; `''` only where Cyrus' `postuser` is empty and the detail names a shared mailbox. */
  readonly local: string;
  /** What stood behind the first `+`, as written; Cyrus does not fold it. */
  readonly detail: string | undefined;
  /** Folded, for the way to a back-channel; undefined where the key had no `@`: Cyrus' default domain then. */
  readonly domain: string | undefined;
  /** As it stands in the address. */
  readonly spelledDomain: string | undefined;
  /** Whether the detail names the mailbox: a shared one. Else it is lmtpd's business, and of no concern here. */
  readonly shared: boolean;
  /** Whether the folder that the detail names is asked about, as smmapd does, and not the user's INBOX. */
  readonly folder: boolean;
  /** Of the message that is to come: a whole number from 1. Undefined where only the mailbox is asked about. */
  readonly messageBytes?: number;
  readonly [checked]: true;
};

/** Why lmtpd can only refuse a key: each is proven against the real one (test/system/verdict-table.test.ts). */
export type Impossible =
  | 'empty part'
  | '8-bit character'
  | 'control character'
  | 'space'
  | 'special character'
  | 'domain character'
  | 'two @'
  | 'too long';

/** Why a key is neither asked about nor refused: lmtpd takes some of these, and no line of ours may hold them. */
type Unaskable = 'source route' | 'escaped detail' | 'long domain' | 'long line';

export type ParsedKey =
  | { readonly kind: 'recipient'; readonly recipient: Recipient }
  | { readonly kind: 'impossible'; readonly reason: Impossible }
  | { readonly kind: 'unaskable'; readonly reason: Unaskable };

/** The settings of imapd.conf that decide which mailbox an address names. */
export type AddressRules = {
  /** Fold local part and domain to lower case, as `lmtp_downcase_rcpt` (default yes) does. */
  readonly downcase: boolean;
  /** Cyrus' `postuser`: its `+detail` names a shared mailbox. Default `''`. */
  readonly postUser: string;
  /** Whether `virtdomains` is `userid` or `on`: a mailbox has a domain. Else all domains share the mailboxes. */
  readonly virtualDomains: boolean;
  /** Cyrus' `defaultdomain`, folded: its mailboxes have no domain. Undefined where it is not known to us. */
  readonly defaultDomain: string | undefined;
  /** The same as imapd.conf has it, where that is another spelling: some versions compare it letter by letter. */
  readonly spelledDefaultDomain?: string | undefined;
  /**
   * Whether a local part with 8-bit bytes is asked about: with `lmtp_strict_rfc2821: no` lmtpd takes each of them for an
   * `X`, folds that, and delivers there; in a domain it refuses them all the same (3.2.6 to 3.12.4). Default no.
   */
  readonly asksEightBit?: boolean | undefined;
};

export const DEFAULT_ADDRESS_RULES: AddressRules = Object.freeze({
  downcase: true,
  postUser: '',
  virtualDomains: true,
  defaultDomain: undefined,
});

/** Longest name that is asked about, in bytes. */
export const ADDRESS_MAX_BYTES = 1024;
/** MAX_MAILBOX_NAME of Cyrus' imap/mailbox.h. */
const MAILBOX_NAME_MAX_BYTES = 490;
/** With `RCPT TO:<>` and CR LF the longest line that lmtpd reads as one; it answers a longer one twice. */
export const LINE_ADDRESS_MAX_BYTES = 4083;

/** The specials of RFC 5321 section 4.1.2: parseaddr() of lmtpengine.c refuses each of them in a local part. */
const SPECIALS = '<>()[]\\,;:"';
const EIGHT_BIT = /[^\0-\x7f]/;
/** Stricter than DNS: parseaddr() takes no underscore and no IPv6 literal. It takes an empty one. */
const DOMAIN = /^(?:[A-Za-z0-9.-]*|\[[0-9.]*\])$/;

/** @returns whether it has bytes that only some who are asked can be told of */
export function isEightBit({ address }: Recipient): boolean {
  return EIGHT_BIT.test(address);
}

/** Reads a key as Sendmail and Postfix send it. Never throws: each key is asked about, impossible or unaskable. */
export function parseKey(key: string, rules: AddressRules): ParsedKey {
  const doubt = whyUnaskable(key);
  if (doubt !== undefined) return { kind: 'unaskable', reason: doubt };
  const at = key.indexOf('@');
  const local = at === -1 ? key : key.slice(0, at);
  const domain = at === -1 ? undefined : key.slice(at + 1);
  const reason = whyImpossible(local, domain, rules.asksEightBit === true);
  if (reason !== undefined) return { kind: 'impossible', reason };

  const plus = local.indexOf('+');
  const user = fold(plus === -1 ? local : local.slice(0, plus), rules);
  const detail = plus === -1 ? undefined : local.slice(plus + 1);
  const recipient = recipientOf(user, detail, domain, rules);
  if (recipient.mailbox.length > ADDRESS_MAX_BYTES) return tooLong(recipient);
  if (recipient.address.length > LINE_ADDRESS_MAX_BYTES) return { kind: 'unaskable', reason: 'long line' };
  return { kind: 'recipient', recipient };
}

/** The domain of any key, folded; undefined where it has no `@`. */
export function domainOf(key: string, rules: AddressRules): string | undefined {
  const at = key.lastIndexOf('@');
  if (at === -1) return undefined;
  const domain = key.slice(at + 1);
  return rules.downcase ? domain.toLowerCase() : domain;
}

/** What a key names, whether or not a mailbox can have such a name. */
export type KeyParts = {
  readonly local: string;
  readonly detail: string | undefined;
  readonly domain: string | undefined;
  /** Of a recipient. */
  readonly mailbox?: string;
};

/** The parts of any key. */
export function partsOf(key: string, rules: AddressRules): KeyParts {
  const at = key.lastIndexOf('@');
  const local = at === -1 ? key : key.slice(0, at);
  const plus = local.indexOf('+');
  const domain = domainOf(key, rules);
  if (plus === -1) return { local, detail: undefined, domain };
  return { local: local.slice(0, plus), detail: local.slice(plus + 1), domain };
}

/** The same user without the detail: lmtpd takes mail for any detail of a user whose INBOX exists. */
export function withoutDetail(recipient: Recipient): Recipient {
  const address = join(recipient.local, undefined, recipient.spelledDomain);
  return brand({ ...recipient, detail: undefined, address });
}

/** The same recipient, read as a shared mailbox. */
export function asShared(recipient: Recipient): Recipient {
  return brand({ ...recipient, mailbox: recipient.address, shared: true });
}

/** The same recipient, asked about with a message of that size. What is said then is said of this message only. */
export function withMessage(recipient: Recipient, messageBytes: number): Recipient {
  return brand({ ...recipient, messageBytes });
}

/** The same recipient, asked about as smmapd does: its folder must exist. */
export function asFolder(recipient: Recipient): Recipient {
  return brand({ ...recipient, mailbox: recipient.address, folder: true });
}

/**
 * What the cache keeps a user's mailbox under: without domain where Cyrus keeps it without one. With virtual domains
 * an empty one is not the default: lmtpd takes `<bob>` and refuses `<bob@>`. A `^` is a dot to Cyrus, which keeps
 * each dot of a name as `^` (_append_intbuf() of imap/mboxname.c).
 * @param local folded
 * @param domain folded
 */
export function mailboxKey(local: string, domain: string | undefined, rules: AddressRules): string {
  const hasNone = domain === rules.defaultDomain || !rules.virtualDomains;
  const dotted = local.includes('^') ? local.replaceAll('^', '.') : local;
  return join(dotted, undefined, hasNone ? undefined : domain);
}

/**
 * Whether a spelling shares what is remembered of its mailbox. Not so a `^`, which leads to the mailbox with the dot in
 * some versions and to none in others; nor 8-bit bytes, which are all one; nor the default domain in letters of another case, which some take for it and
 * others do not. Any domain may be the default one where we do not know it.
 * @param local folded
 * @param domain as spelled
 */
function isPlain(local: string, domain: string | undefined, rules: AddressRules): boolean {
  if (local.includes('^') || EIGHT_BIT.test(local)) return false;
  if (domain === undefined || !rules.virtualDomains) return true;
  const folded = domain.toLowerCase();
  if (folded === rules.defaultDomain) return domain === (rules.spelledDefaultDomain ?? rules.defaultDomain);
  return domain === folded || (rules.downcase && rules.defaultDomain !== undefined);
}

/** Without virtual domains lmtpd looks at no domain, however long: only the rest can make a name impossible. */
function tooLong({ mailbox, domain = '' }: Recipient): ParsedKey {
  const long = mailbox.length - domain.length > MAILBOX_NAME_MAX_BYTES;
  return long ? { kind: 'impossible', reason: 'too long' } : { kind: 'unaskable', reason: 'long domain' };
}

function recipientOf(
  local: string,
  detail: string | undefined,
  spelled: string | undefined,
  rules: AddressRules,
): Recipient {
  const domain = spelled === undefined ? undefined : fold(spelled, rules);
  const plain = isPlain(local, spelled, rules);
  // What is remembered for several spellings is asked about in one; the default domain stays as Cyrus has it.
  const spelledDomain = plain && domain !== rules.defaultDomain ? domain : spelled;
  const address = join(local, detail, spelledDomain);
  const shared = detail !== undefined && (local === rules.postUser || local === '');
  const mailbox = shared ? join(local, detail, domain) : mailboxKey(local, domain, rules);
  return brand({ mailbox, plain, address, local, detail, domain, spelledDomain, shared, folder: false });
}

function join(local: string, detail: string | undefined, domain: string | undefined): string {
  const user = detail === undefined ? local : `${local}+${detail}`;
  return domain === undefined ? user : `${user}@${domain}`;
}

function brand(checkedFields: Omit<Recipient, typeof checked>): Recipient {
  return checkedFields as Recipient;
}

/** ASCII only: a locale's idea of lower case must not touch what Cyrus leaves alone. */
function fold(text: string, rules: AddressRules): string {
  return rules.downcase ? asciiLowerCase(text) : text;
}

/** As Cyrus, Sendmail and Postfix fold names: bytes of 8 bits stay as they are. @param text latin1 */
export function asciiLowerCase(text: string): string {
  return EIGHT_BIT.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text.toLowerCase();
}

/**
 * What lmtpd takes beyond plain addresses: `<@relay:alice@example.jp>`, and any character behind a backslash, of which
 * only a detail can have one, since Cyrus creates no mailbox with it. The same goes for DEL.
 */
function whyUnaskable(key: string): Unaskable | undefined {
  if (key.startsWith('@') && key.includes(':')) return 'source route';
  const plus = key.indexOf('+');
  if (plus === -1) return undefined;
  const at = key.lastIndexOf('@');
  const detail = key.slice(plus, at > plus ? at : undefined);
  return /[\\\x7f]/.test(detail) ? 'escaped detail' : undefined;
}

function whyImpossible(
  local: string,
  domain: string | undefined,
  asksEightBit: boolean,
): Impossible | undefined {
  if (local === '') return 'empty part';
  for (let i = 0; i < local.length; i++) {
    const code = local.charCodeAt(i);
    if (code > 0x7f && !asksEightBit) return '8-bit character';
    if (code === 0x20) return 'space';
    if (code < 0x20 || code === 0x7f) return 'control character';
    if (SPECIALS.includes(local.charAt(i))) return 'special character';
  }
  if (domain === undefined || DOMAIN.test(domain)) return undefined;
  if (domain.includes('@')) return 'two @';
  return EIGHT_BIT.test(domain) ? '8-bit character' : 'domain character';
}
