// Cyrus' format "dlist", as sent to `notifysocket: dlist:PATH`: each command is one line, with literals inside, as
// dlist_printbuf() of imap/dlist.c writes it. Bytes in, commands out; and the one answer for which Cyrus waits. No I/O.
import { ProtocolError } from '../../errors.js';
import { ReceivedBytes } from '../wire/received-bytes.js';

/** A string, NIL, a list `(a b)` or a kvlist `%(NAME value …)`. */
export type DlistValue = string | null | readonly DlistValue[] | ReadonlyMap<string, DlistValue>;

/** A command such as `NOTIFY %(METHOD external …)`: its name, and its value. */
export type DlistCommand = {
  readonly name: string;
  readonly value: DlistValue;
  /** The command as it came, in latin1, to be handed on. */
  readonly bytes: string;
};

/** The answer for which Cyrus waits without a timeout: notify_dlist() of lib/notify.c. */
export const DLIST_OK = 'OK %()\r\n';

export type DlistLimits = {
  /** For one command with its literals. An event has some 400 bytes; a Sieve notification holds the text of a message. */
  readonly maxCommandBytes: number;
  readonly maxDepth: number;
  readonly maxItems: number;
};

export const DEFAULT_DLIST_LIMITS: DlistLimits = Object.freeze({
  maxCommandBytes: 256 * 1024,
  maxDepth: 8,
  maxItems: 256,
});

const LITERAL_AT_END = /\{(\d{1,10})\+?\}\r?\n$/;
/** The longest marker of a literal is `{1234567890+}` and CR LF. */
const MARKER_MAX_BYTES = 15;
const SPACE = 0x20;
const ATOM = /[^\s()"{}%]/;

/** Pull parser: `feed` what came, then `next` until it gives undefined. */
export class DlistParser {
  readonly #limits: DlistLimits;
  readonly #received = new ReceivedBytes();
  /** The text of the command so far. */
  #text = '';
  /** How many bytes the literal has that must come next. */
  #awaited = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(limits: DlistLimits = DEFAULT_DLIST_LIMITS) {
    this.#limits = limits;
  }

  feed(chunk: Buffer): void {
    this.#received.append(chunk);
  }

  /** Whether there are bytes that are not yet a whole command. */
  get pending(): boolean {
    return this.#received.length > 0 || this.#text !== '';
  }

  /**
   * The next whole command; undefined where more bytes are needed.
   * @throws ProtocolError on a command that is too long, too deep, has too many items or is no dlist; from then on
   *   each call throws
   */
  next(): DlistCommand | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      const bytes = this.#takeCommand();
      return bytes === undefined ? undefined : { ...new CommandReader(bytes, this.#limits).read(), bytes };
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** Takes the bytes up to a line end that is not followed by a literal. */
  #takeCommand(): string | undefined {
    for (;;) {
      if (this.#received.length < this.#awaited) return undefined;
      this.#text += this.#received.takeText(this.#awaited);
      this.#awaited = 0;
      const length = this.#received.lineLength();
      this.#check(length ?? this.#received.length);
      if (length === undefined) return undefined;
      const line = this.#received.takeText(length);
      this.#text += line;
      const literal = LITERAL_AT_END.exec(line)?.[1];
      if (literal === undefined) break;
      this.#awaited = Number(literal);
      this.#check(this.#awaited);
    }
    const bytes = this.#text;
    this.#text = '';
    return bytes;
  }

  /** The length is judged before we wait for the bytes. */
  #check(more: number): void {
    const { maxCommandBytes } = this.#limits;
    if (this.#text.length + more <= maxCommandBytes) return;
    throw new ProtocolError(`dlist command has over ${maxCommandBytes} bytes`);
  }
}

/** Reads one whole command by recursive descent. */
class CommandReader {
  readonly #text: string;
  readonly #limits: DlistLimits;
  #at = 0;
  #items = 0;

  constructor(text: string, limits: DlistLimits) {
    this.#text = text.replace(/\r?\n$/, '');
    this.#limits = limits;
  }

  read(): { readonly name: string; readonly value: DlistValue } {
    const name = this.#atom();
    this.#space();
    const value = this.#value(0);
    if (this.#at !== this.#text.length) throw this.#unexpected('the end');
    return { name, value };
  }

  #value(depth: number): DlistValue {
    this.#items += 1;
    if (this.#items > this.#limits.maxItems)
      throw new ProtocolError(`dlist has over ${this.#limits.maxItems} items`);
    if (depth > this.#limits.maxDepth)
      throw new ProtocolError(`dlist is over ${this.#limits.maxDepth} levels deep`);
    switch (this.#text.charAt(this.#at)) {
      case '(':
        return this.#list(depth);
      case '%':
        return this.#kvlist(depth);
      case '"':
        return this.#quoted();
      case '{':
        return this.#literal();
      default: {
        const atom = this.#atom();
        return atom === 'NIL' ? null : atom;
      }
    }
  }

  #list(depth: number): DlistValue {
    this.#at += 1;
    const items: DlistValue[] = [];
    while (!this.#closes()) {
      if (items.length > 0) this.#space();
      items.push(this.#value(depth + 1));
    }
    return items;
  }

  #kvlist(depth: number): DlistValue {
    this.#at += 1;
    if (this.#text.charAt(this.#at) !== '(') throw this.#unexpected('( after %');
    this.#at += 1;
    const items = new Map<string, DlistValue>();
    while (!this.#closes()) {
      if (items.size > 0) this.#space();
      const name = this.#atom();
      this.#space();
      if (items.has(name)) throw new ProtocolError(`dlist has ${name} twice`);
      items.set(name, this.#value(depth + 1));
    }
    return items;
  }

  #closes(): boolean {
    if (this.#text.charAt(this.#at) !== ')') return false;
    this.#at += 1;
    return true;
  }

  #quoted(): string {
    let text = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text.charAt(at);
      if (character === '"') {
        this.#at = at + 1;
        return text;
      }
      if (character === '\\') at += 1;
      text += this.#text.charAt(at);
    }
    throw this.#unexpected('a closing quote');
  }

  #literal(): string {
    const marker = /^\{(\d{1,10})\+?\}\r?\n/.exec(this.#text.slice(this.#at, this.#at + MARKER_MAX_BYTES));
    if (marker === null) throw this.#unexpected('a literal');
    const start = this.#at + marker[0].length;
    const end = start + Number(marker[1]);
    if (end > this.#text.length) throw this.#unexpected('a whole literal');
    this.#at = end;
    return this.#text.slice(start, end);
  }

  #atom(): string {
    const start = this.#at;
    while (ATOM.test(this.#text.charAt(this.#at))) this.#at += 1;
    if (this.#at === start) throw this.#unexpected('an atom');
    return this.#text.slice(start, this.#at);
  }

  #space(): void {
    if (this.#text.charCodeAt(this.#at) !== SPACE) throw this.#unexpected('a space');
    this.#at += 1;
  }

  #unexpected(wanted: string): ProtocolError {
    const found = JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    return new ProtocolError(`dlist has ${found} at byte ${this.#at}: must be ${wanted}`);
  }
}
