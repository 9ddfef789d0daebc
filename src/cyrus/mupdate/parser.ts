// Bytes of a mupdate master to responses, as they come: lines, quoted strings, and literals that follow without being asked
// for (RFC 3656 section 2). A length is judged before its bytes are awaited. No I/O.
import { asError, ProtocolError } from '../../errors.js';
import type { ReplyParser } from '../wire/connection.js';
import { ReceivedBytes } from '../wire/received-bytes.js';
import type { MupdateResponse } from './response.js';

/** A line without its literals. Cyrus' own longest, the banner with all mechanisms, has some 200. */
export const MUPDATE_LINE_MAX_BYTES = 8_192;
/** A name of a mailbox, or a location. Twice MAX_MAILBOX_NAME of Cyrus' imap/mailbox.h. */
export const MUPDATE_NAME_MAX_BYTES = 1_024;
/** The ACL of an entry, which is read over. Ten thousand users in one need half of it. */
export const MUPDATE_ACL_MAX_BYTES = 1_048_576;

type Word = 'MAILBOX' | 'RESERVE' | 'DELETE';

/** How many strings follow, and of them, which are limited as names; the third is the ACL. */
const STRINGS: Readonly<Record<Word, number>> = { MAILBOX: 3, RESERVE: 2, DELETE: 1 };
const NAMES = 2;

/** An entry of which a literal is awaited, or what comes behind one. */
type Begun = { readonly tag: string; readonly word: Word; readonly strings: string[] };

const LITERAL = /^\{(\d{1,10})\+?\}$/;
const BASE64 = /^[A-Za-z0-9+/=]*$/;
const TAG = /^(?:\*|[A-Za-z0-9]{1,32})$/;

export class MupdateParser implements ReplyParser<MupdateResponse> {
  readonly #bytes = new ReceivedBytes();
  #begun: Begun | undefined;
  /** Bytes of the literal that is awaited. */
  #literal: number | undefined;
  #failure: Error | undefined;

  feed(chunk: Buffer): void {
    this.#bytes.append(chunk);
  }

  get pending(): boolean {
    return this.#bytes.length > 0 || this.#begun !== undefined;
  }

  /** @throws ProtocolError, and the same at each further call */
  next(): MupdateResponse | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#next();
    } catch (error) {
      this.#failure = asError(error);
      throw error;
    }
  }

  #next(): MupdateResponse | undefined {
    for (;;) {
      if (this.#literal !== undefined) {
        if (this.#bytes.length < this.#literal) return undefined;
        this.#begun?.strings.push(this.#bytes.takeText(this.#literal));
        this.#literal = undefined;
      }
      const line = this.#line();
      if (line === undefined) return undefined;
      const response = this.#begun === undefined ? this.#begin(line) : this.#goOn(this.#begun, line);
      if (response !== undefined) return response;
    }
  }

  /** One line without its end; undefined where it has not come whole. */
  #line(): string | undefined {
    const length = this.#bytes.lineLength();
    if ((length ?? this.#bytes.length) > MUPDATE_LINE_MAX_BYTES)
      throw new ProtocolError(`mupdate line has over ${MUPDATE_LINE_MAX_BYTES} bytes`);
    if (length === undefined) return undefined;
    const line = this.#bytes.takeText(length);
    if (!line.endsWith('\r\n')) throw new ProtocolError('mupdate line ends without CR LF');
    return line.slice(0, -2);
  }

  #begin(line: string): MupdateResponse | undefined {
    const space = line.indexOf(' ');
    if (space === -1 && BASE64.test(line)) return { kind: 'bare', text: line };
    const end = line.indexOf(' ', space + 1);
    const tag = line.slice(0, Math.max(space, 0));
    const word = line.slice(space + 1, end === -1 ? undefined : end).toUpperCase();
    const rest = end === -1 ? '' : line.slice(end + 1);
    if (!TAG.test(tag)) throw broken(line);
    switch (word) {
      case 'OK':
      case 'NO':
      case 'BAD':
      case 'BYE':
        return { kind: 'status', tag, status: word, text: rest };
      case 'MAILBOX':
      case 'RESERVE':
      case 'DELETE':
        return this.#goOn({ tag, word, strings: [] }, ` ${rest}`);
    }
    if (tag === '*') return { kind: 'banner', word, words: wordsOf(rest) };
    throw broken(line);
  }

  /** @param line a blank and a string for each that follows; the last may be the length of a literal */
  #goOn(begun: Begun, line: string): MupdateResponse | undefined {
    const { strings, word } = begun;
    let at = 0;
    while (strings.length < STRINGS[word]) {
      if (line[at] !== ' ') throw broken(line);
      const end = endOfString(line, at + 1);
      const written = line.slice(at + 1, end);
      const max = strings.length < NAMES ? MUPDATE_NAME_MAX_BYTES : MUPDATE_ACL_MAX_BYTES;
      const literal = end === line.length ? LITERAL.exec(written)?.[1] : undefined;
      const length = literal === undefined ? written.length : Number(literal);
      if (length > max) throw new ProtocolError(`mupdate string has ${length} bytes: must be ${max} at most`);
      if (literal !== undefined) {
        this.#literal = length;
        this.#begun = begun;
        return undefined;
      }
      strings.push(textOf(written, line));
      at = end;
    }
    if (at !== line.length) throw broken(line);
    this.#begun = undefined;
    return entryOf(begun);
  }
}

function entryOf({ tag, word, strings }: Begun): MupdateResponse {
  const [name = '', location = ''] = strings;
  switch (word) {
    case 'MAILBOX':
      return { kind: 'mailbox', tag, name, location };
    case 'RESERVE':
      return { kind: 'reserve', tag, name, location };
    case 'DELETE':
      return { kind: 'delete', tag, name };
  }
}

/** Quoted, or an atom. @returns where it ends */
function endOfString(line: string, start: number): number {
  if (line[start] !== '"') {
    const space = line.indexOf(' ', start);
    return space === -1 ? line.length : space;
  }
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === '\\') at += 1;
    else if (line[at] === '"') return at + 1;
  }
  throw broken(line);
}

function textOf(written: string, line: string): string {
  if (written.startsWith('"')) return written.slice(1, -1).replace(/\\(.)/gs, '$1');
  if (written === '' || /["{}\\]/.test(written)) throw broken(line);
  return written;
}

/** Of the banner: quoted by Cyrus, atoms in the RFC. */
function wordsOf(rest: string): string[] {
  const words: string[] = [];
  for (let at = 0; at < rest.length;) {
    const end = endOfString(rest, at);
    words.push(textOf(rest.slice(at, end), rest));
    if (end < rest.length && rest[end] !== ' ') throw broken(rest);
    at = end + 1;
  }
  return words;
}

/** Longest part of a line that an error repeats. */
const SHOWN_MAX = 80;

function broken(line: string): ProtocolError {
  return new ProtocolError(`mupdate line makes no sense: ${JSON.stringify(line.slice(0, SHOWN_MAX))}`);
}
