// What the keys and values of mailboxes.db say of users' mailboxes: in the layout of Cyrus 3.2 (`example.jp!user.first^last`), and
// in that of 3.6 and later (`N` `example.jp` 1D `user` 1F `first.last`, and a second key by the unique id). The file does not say
// which layout it has, so the keys must show it (imap/mboxlist.c, imap/mboxname.c). No I/O.
import { ProtocolError } from '../../errors.js';
import { mailboxKey, type AddressRules } from '../../validation/recipient.js';

/** `dotted` is that of Cyrus 3.2 and older, `divided` that of 3.6 and later. */
export type Layout = 'dotted' | 'divided';

/** What a key stands for. An `index` key is not the name of a mailbox, but leads to one: by its id, or by who may use it. */
export type KeyKind = 'inbox' | 'mailbox' | 'index';

/**
 * What lmtpd makes of an entry under a user's own key. `absent`: the mailbox was deleted, or is only a name above folders, so
 * lmtpd says 550. `other`: it is being moved, reserved, on another server, or not for mail, so lmtpd has to be asked.
 */
export type EntryState = 'present' | 'absent' | 'other';

const DOTTED_INBOX = /^(?:([^\0-\x20!$]+)!)?user\.([^\0-\x1f.]+)$/;
const DIVIDED_INBOX = /^N(?:([^\x1d\x1f]+)\x1d)?user\x1f([^\x1d\x1f]+)$/;
/** The key of an INBOX has at most so many bytes more than the name of its mailbox. */
export const KEY_MORE_BYTES = 8;
const CONTROL = /[\0-\x1f]/;
const [DOT, CARET] = [0x2e, 0x5e];
/** What stands in the key of an INBOX before the domain, behind it, and before the user. */
const KEY_PARTS: Readonly<Record<Layout, readonly [string, string, string]>> = {
  dotted: ['', '!', 'user.'],
  divided: ['N', '\x1d', 'user\x1f'],
};

/**
 * Which layout a key and its value belong to.
 * @param key latin1
 * @returns undefined where they would fit both layouts
 */
export function layoutOf(key: string, value: string): Layout | undefined {
  if (/^N.*[\x1d\x1f]/.test(key)) return 'divided';
  // An entry by id, whose value holds the name of the mailbox in the new layout.
  if (key.startsWith('I') && /^%\(T \w+ N /.test(value)) return 'divided';
  return /^(?:[^\0-\x20!$]+!)?user\./.test(key) ? 'dotted' : undefined;
}

/** @throws ProtocolError where the key cannot belong to this layout */
export function kindOfKey(key: string, layout: Layout): KeyKind {
  if (layout === 'dotted') {
    if (key.startsWith('$RACL')) return 'index';
    // Names of mailboxes come after the keys that begin with `$`.
    if (CONTROL.test(key) || key < '%') throw strange(key, layout);
    return DOTTED_INBOX.test(key) ? 'inbox' : 'mailbox';
  }
  switch (key.charAt(0)) {
    case 'N':
      return DIVIDED_INBOX.test(key) ? 'inbox' : 'mailbox';
    case 'A':
    case 'I':
    case 'J':
      return 'index';
  }
  throw strange(key, layout);
}

/** The key of a user's INBOX. Plain names only: see `isPlain`. @param mailbox as a Recipient's `mailbox` */
export function keyOfInbox(mailbox: string, layout: Layout): string {
  const [first, afterDomain, user] = KEY_PARTS[layout];
  const at = mailbox.indexOf('@');
  const local = at === -1 ? mailbox : mailbox.slice(0, at);
  const domain = at === -1 ? '' : `${mailbox.slice(at + 1)}${afterDomain}`;
  return `${first}${domain}${user}${layout === 'dotted' ? local.replaceAll('.', '^') : local}`;
}

/**
 * The same in bytes, since every lookup in the list needs one.
 * @param into has room for KEY_MORE_BYTES more than the name
 * @returns how many bytes were written
 */
export function writeKeyOfInbox(mailbox: string, layout: Layout, into: Buffer): number {
  const [first, afterDomain, user] = KEY_PARTS[layout];
  const at = mailbox.indexOf('@');
  let end = put(first, into, 0);
  if (at !== -1) end = put(afterDomain, into, copy(mailbox, at + 1, mailbox.length, into, end));
  end = put(user, into, end);
  const from = end;
  end = copy(mailbox, 0, at === -1 ? mailbox.length : at, into, end);
  if (layout === 'dotted') for (let i = from; i < end; i++) if (into[i] === DOT) into[i] = CARET;
  return end;
}

/**
 * The mailboxes that an entry with this key may decide, under the names of a Recipient's `mailbox`. There are two where the key
 * has capital letters, since it depends on Cyrus' settings whether an address is made lower case.
 */
export function mailboxesOf(key: string, layout: Layout, rules: AddressRules): readonly string[] {
  const [, domain, local] = (layout === 'dotted' ? DOTTED_INBOX : DIVIDED_INBOX).exec(key) ?? [];
  if (local === undefined) return [];
  const mailbox = mailboxKey(local, domain, rules);
  const folded = mailboxKey(local.toLowerCase(), domain?.toLowerCase(), rules);
  return folded === mailbox ? [mailbox] : [mailbox, folded];
}

/**
 * What the value of a user's entry says: `%(T e I id P partition … A %(id rights))`, in 3.2 in another order and mostly
 * without T; or, from 2.x, `0 partition acl`.
 * @param text latin1
 * @throws ProtocolError where it is neither
 */
export function stateOf(text: string): EntryState {
  if (text.startsWith('%(')) return stateOfLetters(fieldOf(text, 'T') ?? '');
  const [, bits] = /^(\d+) \S+ /.exec(text) ?? [];
  if (bits === undefined) throw new ProtocolError('the mailbox list holds a value of an unknown kind');
  return Number(bits) === 0 ? 'present' : 'other';
}

/** The letters are those of mboxlist_string_to_mbtype() in imap/mboxlist.c. */
function stateOfLetters(letters: string): EntryState {
  if (/^[el]*$/.test(letters)) return 'present';
  return /^[el]*[di][eldi]*$/.test(letters) ? 'absent' : 'other';
}

/** The atom that follows a name in a kvlist of Cyrus' imap/dlist.c; undefined where the name is not in it. */
function fieldOf(text: string, name: string): string | undefined {
  let found: string | undefined;
  let position = 2;
  while (text[position] !== ')') {
    const space = text.indexOf(' ', position);
    const end = space === -1 ? -1 : endOfValue(text, space + 1);
    if (end === -1) throw new ProtocolError('the mailbox list holds a value that does not end');
    if (text.slice(position, space) === name) found = text.slice(space + 1, end);
    position = text[end] === ' ' ? end + 1 : end;
  }
  if (position !== text.length - 1) throw new ProtocolError('the mailbox list holds more than one value');
  return found;
}

/** @returns where the value that begins at `start` ends; -1 where it has no end */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let position = start;
  while (position < text.length) {
    const char = text[position];
    if (char === '"') position = endOfQuoted(text, position);
    else if (char === '{') position = endOfLiteral(text, position);
    else if (char === '(') depth += 1;
    else if (char === ')' && depth === 0) return position;
    else if (char === ')') depth -= 1;
    else if (char === ' ' && depth === 0) return position;
    if (position === -1) return -1;
    position += 1;
  }
  return -1;
}

/** @returns where the closing quote is; -1 where there is none */
function endOfQuoted(text: string, start: number): number {
  for (let position = start + 1; position < text.length; position++) {
    if (text[position] === '\\') position += 1;
    else if (text[position] === '"') return position;
  }
  return -1;
}

/** A literal is such as `{5+}` CR LF and five bytes. @returns where its last byte is; -1 where it is not complete */
function endOfLiteral(text: string, start: number): number {
  const marker = /\{(\d{1,9})\+?\}\r?\n/y;
  marker.lastIndex = start;
  const [whole, length] = marker.exec(text) ?? [];
  if (whole === undefined) return -1;
  const end = start + whole.length + Number(length) - 1;
  return end < text.length ? end : -1;
}

function put(text: string, into: Buffer, at: number): number {
  return copy(text, 0, text.length, into, at);
}

/** Names are so short that a loop is faster than a call of write(). @returns where the copy ends */
function copy(text: string, start: number, end: number, into: Buffer, at: number): number {
  for (let i = start; i < end; i++) into[at + i - start] = text.charCodeAt(i);
  return at + end - start;
}

function strange(key: string, layout: Layout): ProtocolError {
  return new ProtocolError(`the mailbox list has keys of a ${layout} layout, and ${JSON.stringify(key)}`);
}
