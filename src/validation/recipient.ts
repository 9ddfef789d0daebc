// Parses a key, which a stranger may have chosen, into a Recipient that can safely stand in a line of LMTP or IMAP, in lower case
// where Cyrus makes it so. It follows mbname_from_recipient() of Cyrus' imap/mboxname.c (last `@`, first `+`, lmtp_downcase_rcpt)
// and parseaddr() of imap/lmtpengine.c (what lmtpd can only refuse). Keys are latin1: each character is one byte. No I/O.

declare const checked: unique symbol;

/**
 * A parsed key. It holds no space, quote, backslash, bracket or control character, and 8-bit bytes only where the rules allow to
 * ask about them: so it cannot break the line of a command.
 */
export type Recipient = {
  /** Its name in the cache, see mailboxKey(); the whole address where the detail names the mailbox. */
  readonly mailbox: string;
  /**
   * Whether every version of Cyrus gives the same answer for this spelling and for all other plain ones of the same `mailbox`.
   * Only then may the answer for one spelling be used for another: see isPlain().
   */
  readonly plain: boolean;
  /** What stands in RCPT TO between the angle brackets, as in the delivery that follows. */
  readonly address: string;
  /** In lower case; `''` only where Cyrus' `postuser` is empty and the detail names a shared mailbox. */
  readonly local: string;
  /** What stood behind the first `+`, as written, since Cyrus does not change its case. */
  readonly detail: string | undefined;
  /** In lower case, to find the back-channel; undefined where the key had no `@`: then it is Cyrus' default domain. */
  readonly domain: string | undefined;
  /** The domain as it stands in `address`. */
  readonly spelledDomain: string | undefined;
  /** Whether the detail names the mailbox, which is a shared one. Otherwise lmtpd takes any detail, and it does not matter here. */
  readonly shared: boolean;
  /** Whether we ask, like smmapd, about the folder that the detail names, and not about the user's INBOX. */
  readonly folder: boolean;
  /** The size of the coming message, a whole number from 1. Undefined where we ask about the mailbox only. */
  readonly messageBytes?: number;
  readonly [checked]: true;
};

/** Why lmtpd can only refuse a key. A test proves each reason with the real lmtpd (test/system/verdict-table.test.ts). */
export type Impossible =
  | 'empty part'
  | '8-bit character'
  | 'control character'
  | 'space'
  | 'special character'
  | 'domain character'
  | 'two @'
  | 'too long';

/** Why a key is neither asked about nor refused: lmtpd takes some of these, but we must not put them into a command line. */
type Unaskable = 'source route' | 'escaped detail' | 'long domain' | 'long line';

export type ParsedKey =
  | { readonly kind: 'recipient'; readonly recipient: Recipient }
  | { readonly kind: 'impossible'; readonly reason: Impossible }
  | { readonly kind: 'unaskable'; readonly reason: Unaskable };

/** The settings of imapd.conf that decide which mailbox an address names. */
export type AddressRules = {
  /** Whether local part and domain are made lower case: `lmtp_downcase_rcpt` (default yes). */
  readonly downcase: boolean;
  /** Cyrus' `postuser`: in `postuser+detail` the detail names a shared mailbox. Default `''`. */
  readonly postUser: string;
  /** Whether `virtdomains` is `userid` or `on`: then each mailbox has a domain. Otherwise all domains share the mailboxes. */
  readonly virtualDomains: boolean;
  /** Cyrus' `defaultdomain` in lower case: its mailboxes have no domain in their names. Undefined where we do not know it. */
  readonly defaultDomain: string | undefined;
  /** The same domain as spelled in imapd.conf, where it is spelled otherwise: some versions compare it letter by letter. */
  readonly spelledDefaultDomain?: string | undefined;
  /**
   * Whether we ask about a local part with 8-bit bytes. With `lmtp_strict_rfc2821: no` lmtpd replaces each such byte by `X`, makes
   * that lower case, and delivers to this name; in a domain it refuses them even then (3.2.6 to 3.12.4). Default no.
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
/** With `RCPT TO:<>` and CR LF this gives the longest line that lmtpd reads as one; to a longer one it replies twice. */
export const LINE_ADDRESS_MAX_BYTES = 4083;

/** The specials of RFC 5321 section 4.1.2: parseaddr() of lmtpengine.c refuses each of them in a local part. */
const SPECIALS = '<>()[]\\,;:"';
const EIGHT_BIT = /[^\0-\x7f]/;
/** What parseaddr() takes for a domain. It is stricter than DNS: no underscore, no IPv6 literal. But it takes an empty domain. */
const DOMAIN = /^(?:[A-Za-z0-9.-]*|\[[0-9.]*\])$/;

/** Nearly every key: in lower case, with a domain, without a detail, and without anything that lmtpd treats in a special way. */
const ORDINARY = /^[a-z0-9._-]+@[a-z0-9.-]+$/;
const ORDINARY_MAX_BYTES = 255;

/** Whether the address has 8-bit bytes, with which only some back-channels can be asked. */
export function isEightBit({ address }: Recipient): boolean {
  return EIGHT_BIT.test(address);
}

/** Reads a key as Sendmail and Postfix send it. Never throws: each key is a recipient, impossible or unaskable. */
export function parseKey(key: string, rules: AddressRules): ParsedKey {
  return ordinary(key, rules) ?? parseAny(key, rules);
}

/** The same as parseAny() for an ordinary key, which is its own address and name; undefined for others. */
function ordinary(key: string, { virtualDomains, defaultDomain }: AddressRules): ParsedKey | undefined {
  if (!virtualDomains || key.length > ORDINARY_MAX_BYTES || !ORDINARY.test(key)) return undefined;
  const at = key.indexOf('@');
  const domain = key.slice(at + 1);
  if (domain === defaultDomain) return undefined;
  // One literal, since a spread takes as long as all the rest of parsing.
  const recipient = brand({
    mailbox: key,
    plain: true,
    address: key,
    local: key.slice(0, at),
    detail: undefined,
    domain,
    spelledDomain: domain,
    shared: false,
    folder: false,
  });
  return { kind: 'recipient', recipient };
}

/** Exported for the test that compares it with what is made of ordinary keys. */
export function parseAny(key: string, rules: AddressRules): ParsedKey {
  const doubt = whyUnaskable(key);
  if (doubt !== undefined) return { kind: 'unaskable', reason: doubt };
  const at = key.indexOf('@');
  const local = at === -1 ? key : key.slice(0, at);
  const domain = at === -1 ? undefined : key.slice(at + 1);
  const reason = whyImpossible(local, domain ?? '', rules.asksEightBit === true);
  if (reason !== undefined) return { kind: 'impossible', reason };

  const plus = local.indexOf('+');
  const user = fold(plus === -1 ? local : local.slice(0, plus), rules);
  const detail = plus === -1 ? undefined : local.slice(plus + 1);
  const recipient = recipientOf(user, detail, domain, rules);
  if (recipient.mailbox.length > ADDRESS_MAX_BYTES) return tooLong(recipient);
  if (recipient.address.length > LINE_ADDRESS_MAX_BYTES) return { kind: 'unaskable', reason: 'long line' };
  return { kind: 'recipient', recipient };
}

/** The domain of any key, in lower case if the rules say so; undefined where the key has no `@`. */
export function domainOf(key: string, rules: AddressRules): string | undefined {
  const at = key.lastIndexOf('@');
  if (at === -1) return undefined;
  const domain = key.slice(at + 1);
  return rules.downcase ? domain.toLowerCase() : domain;
}

/** The parts of a key, whether or not a mailbox can have such a name. */
export type KeyParts = {
  readonly local: string;
  readonly detail: string | undefined;
  readonly domain: string | undefined;
  /** The recipient's name in the cache, where the key is a recipient. */
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

/** The same recipient, asked about with a message of that size. The answer then holds for this message only. */
export function withMessage(recipient: Recipient, messageBytes: number): Recipient {
  return brand({ ...recipient, messageBytes });
}

/** The same recipient, asked about as smmapd does: its folder must exist. */
export function asFolder(recipient: Recipient): Recipient {
  return brand({ ...recipient, mailbox: recipient.address, folder: true });
}

/**
 * The name of a user's mailbox in the cache: without domain where Cyrus keeps it without one. With virtual domains an
 * empty domain is not the default one: lmtpd takes `<bob>` and refuses `<bob@>`. A `^` becomes a dot, since Cyrus writes
 * each dot of a name as `^` (_append_intbuf() of imap/mboxname.c).
 * @param local in lower case
 * @param domain in lower case
 */
export function mailboxKey(local: string, domain: string | undefined, rules: AddressRules): string {
  const hasNone = domain === rules.defaultDomain || !rules.virtualDomains;
  const dotted = local.includes('^') ? local.replaceAll('^', '.') : local;
  return join(dotted, undefined, hasNone ? undefined : domain);
}

/**
 * Whether what is remembered of the mailbox may be used for this spelling. It may not for a `^`: in some versions it leads to the
 * mailbox with the dot, in others to none. Nor for 8-bit bytes, which lmtpd all takes for the same letter. Nor for the default
 * domain in another case, which some versions take for it and others do not; where we do not know it, any domain may be it.
 * @param local in lower case
 * @param domain as spelled in the key
 */
function isPlain(local: string, domain: string | undefined, rules: AddressRules): boolean {
  if (local.includes('^') || EIGHT_BIT.test(local)) return false;
  if (domain === undefined || !rules.virtualDomains) return true;
  const folded = domain.toLowerCase();
  if (folded === rules.defaultDomain) return domain === (rules.spelledDefaultDomain ?? rules.defaultDomain);
  return domain === folded || (rules.downcase && rules.defaultDomain !== undefined);
}

/** Without virtual domains lmtpd ignores the domain, however long it is: so a key is impossible only if the rest is too long. */
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
  // One answer serves all plain spellings, so we ask in lower case; the default domain stays as imapd.conf spells it.
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

/** Changes ASCII letters only: Cyrus leaves all others alone, whatever a locale calls lower case. */
function fold(text: string, rules: AddressRules): string {
  return rules.downcase ? asciiLowerCase(text) : text;
}

/** Lower case as Cyrus, Sendmail and Postfix make it: 8-bit bytes stay as they are. @param text latin1 */
export function asciiLowerCase(text: string): string {
  return EIGHT_BIT.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text.toLowerCase();
}

/**
 * Finds what lmtpd takes beyond plain addresses: a source route such as `<@relay:alice@example.jp>`, and any character behind a
 * backslash. We look for backslash and DEL in the detail only, since Cyrus creates no mailbox that has one in its name.
 */
function whyUnaskable(key: string): Unaskable | undefined {
  if (key.startsWith('@') && key.includes(':')) return 'source route';
  const plus = key.indexOf('+');
  if (plus === -1) return undefined;
  const at = key.lastIndexOf('@');
  const detail = key.slice(plus, at > plus ? at : undefined);
  return /[\\\x7f]/.test(detail) ? 'escaped detail' : undefined;
}

function whyImpossible(local: string, domain: string, asksEightBit: boolean): Impossible | undefined {
  if (local === '') return 'empty part';
  for (let i = 0; i < local.length; i++) {
    const code = local.charCodeAt(i);
    if (code > 0x7f && !asksEightBit) return '8-bit character';
    if (code < 0x20 || code === 0x7f) return 'control character';
    if (code === 0x20) return 'space';
    if (SPECIALS.includes(local.charAt(i))) return 'special character';
  }
  if (DOMAIN.test(domain)) return undefined;
  if (domain.includes('@')) return 'two @';
  return EIGHT_BIT.test(domain) ? '8-bit character' : 'domain character';
}
