// Reads the atoms, strings, numbers and lists of one IMAP response (RFC 3501 section 9) from its text, one after the other. The
// contents of literals were taken out before: the text holds only their headers. No I/O.
import { ProtocolError } from '../../errors.js';

/** The deepest response that we read, NAMESPACE, has three levels of lists. */
const IMAP_NESTING_MAX = 10;
/** How many items one response may have, at all depths together. An ACL has two for each identifier. */
const IMAP_ITEMS_MAX = 20_000;

/** The contents of a literal, one character for each byte, and where in the text its header `{n}` ends. */
export type Literal = { readonly headerEnd: number; readonly value: string };

/** A parenthesised list, an atom or string, or NIL. */
export type ImapValue = string | undefined | readonly ImapValue[];

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const DEL = 0x7f;

/** Reads one response from left to right. All that it throws are ProtocolErrors that name the response. */
export class ImapTokens {
  readonly #text: string;
  readonly #literals: readonly Literal[];
  #at: number;
  #nextLiteral = 0;
  #items = 0;

  /** @param from where in the text to begin */
  constructor(text: string, literals: readonly Literal[], from: number) {
    this.#text = text;
    this.#literals = literals;
    this.#at = from;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** @throws ProtocolError where the text does not end here */
  end(): void {
    if (!this.atEnd) throw this.#missing('end');
  }

  space(): void {
    if (this.#text.charCodeAt(this.#at) !== SPACE) throw this.#missing('space');
    this.#at += 1;
  }

  /** Whether a space follows, which it takes. */
  more(): boolean {
    if (this.#text.charCodeAt(this.#at) !== SPACE) return false;
    this.#at += 1;
    return true;
  }

  /**
   * Letters, digits and other characters without a special meaning; flags begin with a backslash. It takes more characters
   * than the RFC allows, since Cyrus writes mailbox names with `]` and the like as atoms.
   */
  atom(): string {
    const from = this.#at;
    const text = this.#text;
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (
        code <= SPACE ||
        code === OPEN ||
        code === CLOSE ||
        code === QUOTE ||
        code === BRACE ||
        code === DEL
      )
        break;
      if (code === BACKSLASH && at > from) break;
    }
    if (at === from) throw this.#missing('atom');
    this.#at = at;
    this.#count();
    return text.slice(from, at);
  }

  /** A quoted string, a literal or an atom. */
  astring(): string {
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#quoted();
    if (code === BRACE) return this.#literal();
    return this.atom();
  }

  /** A string or the atom NIL. */
  nstring(): string | undefined {
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#quoted();
    if (code === BRACE) return this.#literal();
    if (this.atom().toUpperCase() !== 'NIL') throw this.#missing('string or NIL before it,');
    return undefined;
  }

  number(): number {
    const digits = this.atom();
    if (!/^[0-9]{1,20}$/.test(digits)) throw this.#missing('number before it,');
    return Number(digits);
  }

  /** A list of atoms, such as flags. */
  atoms(): readonly string[] {
    return this.list(() => this.atom());
  }

  /** A list, with one space between its items; between the lists inside of a NAMESPACE response there is none. */
  list<Item>(item: () => Item): Item[] {
    if (this.#text.charCodeAt(this.#at) !== OPEN) throw this.#missing('list');
    this.#at += 1;
    this.#count();
    const items: Item[] = [];
    if (this.#text.charCodeAt(this.#at) !== CLOSE) {
      do items.push(item());
      while (this.more() || this.#text.charCodeAt(this.#at) === OPEN);
    }
    if (this.#text.charCodeAt(this.#at) !== CLOSE) throw this.#missing('end of a list');
    this.#at += 1;
    return items;
  }

  /** Reads a value of any kind, such as extended data. */
  value(depth = 0): ImapValue {
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#quoted();
    if (code === BRACE) return this.#literal();
    if (code === OPEN) {
      if (depth === IMAP_NESTING_MAX) throw this.#broken(`lists in over ${IMAP_NESTING_MAX} lists`);
      return this.list(() => this.value(depth + 1));
    }
    const atom = this.atom();
    return atom.toUpperCase() === 'NIL' ? undefined : atom;
  }

  #quoted(): string {
    const text = this.#text;
    const from = this.#at + 1;
    this.#count();
    const close = text.indexOf('"', from);
    if (close === -1) throw this.#missing('end of a string');
    const simple = text.slice(from, close);
    if (!simple.includes('\\')) {
      this.#at = close + 1;
      return simple;
    }
    const found = /"((?:[^"\\]|\\["\\])*)"/y.exec(text.slice(this.#at));
    if (found === null) throw this.#missing('whole string');
    const [quoted, inner = ''] = found;
    this.#at += quoted.length;
    return inner.replace(/\\(.)/g, '$1');
  }

  #literal(): string {
    const literal = this.#literals[this.#nextLiteral];
    const close = this.#text.indexOf('}', this.#at) + 1;
    if (literal === undefined || literal.headerEnd !== close) throw this.#missing('literal');
    this.#nextLiteral += 1;
    this.#at = close;
    this.#count();
    return literal.value;
  }

  #count(): void {
    this.#items += 1;
    if (this.#items > IMAP_ITEMS_MAX) throw this.#broken(`over ${IMAP_ITEMS_MAX} items`);
  }

  #missing(what: string): ProtocolError {
    return this.#broken(`no ${what} at byte ${this.#at}`);
  }

  #broken(what: string): ProtocolError {
    return new ProtocolError(`imap response ${JSON.stringify(this.#text.slice(0, 80))} has ${what}`);
  }
}
