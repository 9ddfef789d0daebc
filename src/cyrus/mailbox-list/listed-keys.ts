// All keys of a mailbox list, kept up to date from its records: which users' mailboxes there are, how many keys there are in all,
// and which key a delete has removed, since its record does not name it. No I/O.
import { ProtocolError } from '../../errors.js';
import { KEY_MAX_BYTES } from './key-arena.js';
import { HashedKeys } from './key-hash.js';
import {
  KEY_MORE_BYTES,
  kindOfKey,
  stateOf,
  writeKeyOfInbox,
  type EntryState,
  type KeyKind,
  type Layout,
} from './names.js';
import { OrderedKeys } from './ordered-keys.js';
import type { RecordSink } from './twoskip.js';

/** The marks of keys. */
const NO_USER = 0;
const PRESENT = 1;
const ABSENT = 2;
const OTHER = 3;
const MARKS: Readonly<Record<EntryState, number>> = { present: PRESENT, absent: ABSENT, other: OTHER };

/** Nearly every entry of Cyrus 3.6 and later begins with `%(T e `. */
const ORDINARY = Buffer.from('%(T e ', 'latin1');
/** The first letters of keys that are no names, but lead to a mailbox: A, I and J. */
const INDEX_LETTERS = [0x41, 0x49, 0x4a];
const NAME_LETTER = 0x4e;
/** The bytes between domain and name, and between the levels of a name. */
const AFTER_DOMAIN = 0x1d;
const WITHIN_NAME = 0x1f;
const USER = Buffer.from('user\x1f', 'latin1');

export class ListedKeys implements RecordSink {
  readonly #layout: Layout;
  readonly #keyAt: (position: number) => Buffer;
  readonly #mailboxes: OrderedKeys;
  readonly #index: HashedKeys;
  readonly #scratch = Buffer.alloc(KEY_MAX_BYTES + KEY_MORE_BYTES);
  #indexGone = 0;
  #listed = 0;
  #changes = 0;
  /** Called for each user's key that is set or deleted, but not while a whole list is loaded. */
  touched: ((key: string) => void) | undefined;

  /**
   * @param expected how many keys there will be
   * @param keyAt gives the key of the record at a place in the file that is being read
   */
  constructor(layout: Layout, expected: number, keyAt: (position: number) => Buffer) {
    this.#layout = layout;
    this.#keyAt = keyAt;
    // In the newer layout each mailbox has a second key, which is its id.
    const share = layout === 'divided' ? 0.5 : 1;
    this.#mailboxes = new OrderedKeys(expected * share);
    this.#index = new HashedKeys(expected * (1 - share));
  }

  /** How many keys of any kind there are, counted as in the header. */
  get size(): number {
    return this.#mailboxes.size + this.#index.size - this.#indexGone;
  }

  /** How many users' mailboxes take mail. */
  get listed(): number {
    return this.#listed;
  }

  /** How many records have been taken. */
  get changes(): number {
    return this.#changes;
  }

  /** How many keys did not come in order. */
  get strays(): number {
    return this.#mailboxes.strays;
  }

  /** How many bytes the keys take, deleted ones included. */
  get keyBytes(): number {
    return this.#mailboxes.arenaBytes;
  }

  /** What is known of a user's mailbox; undefined where there is no key of that name. @param mailbox a plain name */
  stateOf(mailbox: string): EntryState | undefined {
    // Its key would be longer still, and there is none of that length.
    if (mailbox.length > KEY_MAX_BYTES) return undefined;
    switch (this.#mailboxes.get(this.#scratch, 0, writeKeyOfInbox(mailbox, this.#layout, this.#scratch))) {
      case PRESENT:
        return 'present';
      case ABSENT:
        return 'absent';
      case undefined:
        return undefined;
      default:
        return 'other';
    }
  }

  set(bytes: Buffer, key: number, keyEnd: number, valueEnd: number): void {
    this.#changes += 1;
    switch (this.#kindOf(bytes, key, keyEnd)) {
      case 'index':
        this.#index.add(bytes, key, keyEnd);
        return;
      case 'mailbox':
        this.#mailboxes.set(bytes, key, keyEnd, NO_USER);
        return;
      case 'inbox': {
        const mark = markOf(bytes, keyEnd, valueEnd);
        const before = this.#mailboxes.set(bytes, key, keyEnd, mark);
        this.#listed += Number(mark === PRESENT) - Number(before === PRESENT);
        this.touched?.(bytes.toString('latin1', key, keyEnd));
      }
    }
  }

  /** The same as kindOfKey(), but without a string for each of a million keys. */
  #kindOf(bytes: Buffer, start: number, end: number): KeyKind {
    if (this.#layout === 'divided') {
      const letter = bytes[start] ?? 0;
      if (letter === NAME_LETTER) return isInbox(bytes, start + 1, end) ? 'inbox' : 'mailbox';
      if (INDEX_LETTERS.includes(letter)) return 'index';
    }
    return kindOfKey(bytes.toString('latin1', start, end), this.#layout);
  }

  deleted(next: number): void {
    this.#changes += 1;
    const after = next === 0 ? undefined : this.#keyAt(next);
    const afterIndex = after !== undefined && kindOfKey(after.toString('latin1'), this.#layout) === 'index';
    // All index keys come before those of mailboxes, so a key before an index key is an index key too.
    const gone = afterIndex ? undefined : this.#mailboxes.deleteBefore(after);
    if (gone === undefined) {
      this.#indexGone += 1;
      if (this.#indexGone > this.#index.size) throw new ProtocolError('a key was deleted that is not held');
      return;
    }
    if (gone.mark === NO_USER) return;
    if (gone.mark === PRESENT) this.#listed -= 1;
    this.touched?.(gone.key);
  }
}

/** Whether it is `example.jp` 1D `user` 1F `first.last`, or the same without the domain. */
function isInbox(bytes: Buffer, start: number, end: number): boolean {
  let name = start;
  let divisions = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === AFTER_DOMAIN && divisions === 0 && name === start && i > start) name = i + 1;
    else if (byte === AFTER_DOMAIN) return false;
    else if (byte === WITHIN_NAME) divisions += 1;
  }
  const user = name + USER.length;
  return divisions === 1 && user < end && stands(USER, bytes, name);
}

function markOf(bytes: Buffer, start: number, end: number): number {
  if (stands(ORDINARY, bytes, start)) return PRESENT;
  return MARKS[stateOf(bytes.toString('latin1', start, end))];
}

/** Whether these few bytes stand there. A loop is faster than a call of compare(). */
function stands(few: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < few.length; i++) if (bytes[at + i] !== few[i]) return false;
  return true;
}
