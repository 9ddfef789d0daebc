// IMAP responses (RFC 3501 section 7; RFC 2342, RFC 4314, RFC 9208). Those that answer our questions are read completely; of all
// others, for which we never ask, only the name is read. No I/O.
import { ProtocolError } from '../../errors.js';
import { ImapTokens, type ImapValue, type Literal } from './tokens.js';

/** The prefix of a namespace, and its separator of levels, which is undefined where there are no levels. */
export type Namespace = { readonly prefix: string; readonly separator: string | undefined };

/** How much of one resource a quota root uses and may use; STORAGE is in KiB. */
export type QuotaResource = { readonly name: string; readonly usage: number; readonly limit: number };

/** Who has which rights. With a `-` before the identifier the entry takes these rights away. */
export type AclEntry = { readonly identifier: string; readonly rights: string };

/** Texts and names are latin1: each character is one byte. */
export type ImapResponse =
  /** @property text behind `+ `: base64 during AUTHENTICATE */
  | { readonly kind: 'continuation'; readonly text: string }
  | {
      readonly kind: 'tagged';
      readonly tag: string;
      readonly status: 'OK' | 'NO' | 'BAD';
      readonly code: string | undefined;
      readonly text: string;
    }
  /** The greeting is one of these. @property code what stood in brackets before the text */
  | {
      readonly kind: 'status';
      readonly status: 'OK' | 'NO' | 'BAD' | 'PREAUTH' | 'BYE';
      readonly code: string | undefined;
      readonly text: string;
    }
  /** The capabilities are in upper case. */
  | { readonly kind: 'capability'; readonly capabilities: readonly string[] }
  | {
      readonly kind: 'namespace';
      readonly personal: readonly Namespace[];
      readonly otherUsers: readonly Namespace[];
      readonly shared: readonly Namespace[];
    }
  | {
      readonly kind: 'list';
      readonly attributes: readonly string[];
      readonly separator: string | undefined;
      readonly mailbox: string;
    }
  | { readonly kind: 'quotaroot'; readonly mailbox: string; readonly roots: readonly string[] }
  | { readonly kind: 'quota'; readonly root: string; readonly resources: readonly QuotaResource[] }
  | { readonly kind: 'myrights'; readonly mailbox: string; readonly rights: string }
  | { readonly kind: 'acl'; readonly mailbox: string; readonly entries: readonly AclEntry[] }
  /** Data for which we never ask. */
  | { readonly kind: 'other'; readonly name: string };

const TAGGED = /^([^\s+*(){%"\\\x7f-\xff]+) (OK|NO|BAD)(?: |$)/i;
const CODE = /^\[([^\]]*)\] ?/;

/**
 * Reads one response.
 * @param text its lines without the last line end, one character a byte, and without what its literals hold
 * @throws ProtocolError where the RFCs know no such response
 */
export function readResponse(text: string, literals: readonly Literal[]): ImapResponse {
  if (text.startsWith('* ')) return readUntagged(text, literals);
  if (text.startsWith('+ ') || text === '+') return { kind: 'continuation', text: text.slice(2) };
  const found = TAGGED.exec(text);
  if (found === null) throw malformed(text);
  const [head, tag = '', status = ''] = found;
  return { kind: 'tagged', tag, status: taggedStatus(status), ...codeAndText(text.slice(head.length)) };
}

function readUntagged(text: string, literals: readonly Literal[]): ImapResponse {
  const space = text.indexOf(' ', 2);
  const nameEnd = space === -1 ? text.length : space;
  const name = text.slice(2, nameEnd).toUpperCase();
  if (name === '') throw malformed(text);
  const tokens = new ImapTokens(text, literals, nameEnd);
  switch (name) {
    case 'OK':
    case 'NO':
    case 'BAD':
    case 'PREAUTH':
    case 'BYE':
      return { kind: 'status', status: name, ...codeAndText(text.slice(nameEnd + 1)) };
    case 'LIST':
      return readList(tokens);
    case 'QUOTAROOT':
      return readQuotaRoot(tokens);
    case 'QUOTA':
      return readQuota(tokens);
    case 'CAPABILITY':
      return { kind: 'capability', capabilities: capabilitiesOf(text.slice(nameEnd)) };
    case 'NAMESPACE':
      return readNamespace(tokens);
    case 'MYRIGHTS':
      return readMyRights(tokens);
    case 'ACL':
      return readAcl(tokens);
    default:
      return { kind: 'other', name: /^\d+$/.test(name) ? secondWord(text) : name };
  }
}

/** Gives `EXISTS` for `* 5 EXISTS`, since responses about messages begin with a number. */
function secondWord(text: string): string {
  return (text.split(' ', 3)[2] ?? '').toUpperCase();
}

/** The names in a CAPABILITY response, or in the code of a greeting or of the OK to a login. */
export function capabilitiesOf(text: string): readonly string[] {
  return text
    .toUpperCase()
    .split(' ')
    .filter((name) => name !== '');
}

function readList(tokens: ImapTokens): ImapResponse {
  tokens.space();
  const attributes = tokens.atoms();
  tokens.space();
  const separator = tokens.nstring();
  tokens.space();
  const mailbox = tokens.astring();
  // Extended data (RFC 5258 section 6) is skipped.
  while (tokens.more()) tokens.value();
  tokens.end();
  return { kind: 'list', attributes, separator, mailbox };
}

function readQuotaRoot(tokens: ImapTokens): ImapResponse {
  tokens.space();
  const mailbox = tokens.astring();
  const roots: string[] = [];
  while (tokens.more()) roots.push(tokens.astring());
  tokens.end();
  return { kind: 'quotaroot', mailbox, roots };
}

function readQuota(tokens: ImapTokens): ImapResponse {
  tokens.space();
  const root = tokens.astring();
  tokens.space();
  const resources = tokens.list(() => {
    const name = tokens.atom().toUpperCase();
    tokens.space();
    const usage = tokens.number();
    tokens.space();
    return { name, usage, limit: tokens.number() };
  });
  tokens.end();
  return { kind: 'quota', root, resources };
}

function readMyRights(tokens: ImapTokens): ImapResponse {
  tokens.space();
  const mailbox = tokens.astring();
  tokens.space();
  const rights = tokens.astring();
  tokens.end();
  return { kind: 'myrights', mailbox, rights };
}

function readAcl(tokens: ImapTokens): ImapResponse {
  tokens.space();
  const mailbox = tokens.astring();
  const entries: AclEntry[] = [];
  while (tokens.more()) {
    const identifier = tokens.astring();
    tokens.space();
    entries.push({ identifier, rights: tokens.astring() });
  }
  tokens.end();
  return { kind: 'acl', mailbox, entries };
}

function readNamespace(tokens: ImapTokens): ImapResponse {
  const group = () => {
    tokens.space();
    return namespaces(tokens.value());
  };
  const personal = group();
  const otherUsers = group();
  const shared = group();
  tokens.end();
  return { kind: 'namespace', personal, otherUsers, shared };
}

function namespaces(value: ImapValue): readonly Namespace[] {
  if (value === undefined) return [];
  if (typeof value === 'string') throw new ProtocolError('imap NAMESPACE response has a string for a list');
  return value.map((entry) => {
    const [prefix, separator] = typeof entry === 'object' ? entry : [];
    if (typeof prefix !== 'string' || typeof separator === 'object') {
      throw new ProtocolError('imap NAMESPACE response has an entry without prefix and separator');
    }
    return { prefix, separator };
  });
}

function codeAndText(rest: string): { code: string | undefined; text: string } {
  const [head, code] = CODE.exec(rest) ?? [];
  return head === undefined ? { code: undefined, text: rest } : { code, text: rest.slice(head.length) };
}

function taggedStatus(word: string): 'OK' | 'NO' | 'BAD' {
  switch (word.toUpperCase()) {
    case 'OK':
      return 'OK';
    case 'NO':
      return 'NO';
    default:
      return 'BAD';
  }
}

function malformed(text: string): ProtocolError {
  return new ProtocolError(
    `imap response ${JSON.stringify(text.slice(0, 80))} has no form that RFC 3501 gives`,
  );
}
