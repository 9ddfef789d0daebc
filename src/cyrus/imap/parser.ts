// The stream of IMAP responses (RFC 3501 section 2.2.2) as Cyrus sends them: bytes in, responses out, one at a time. A response is
// one line, and after each literal one line more. No I/O.
import { ProtocolError } from '../../errors.js';
import { readResponse, type ImapResponse } from './response.js';
import type { Literal } from './tokens.js';
import { untagged } from './untagged.js';
import { ReceivedBytes } from '../wire/received-bytes.js';

/** For one response with its literals. The longest one that we ask for, the capabilities, has about 2000 bytes. */
const IMAP_RESPONSE_MAX_BYTES = 65_536;
/** No mailbox name is longer than 490 (MAX_MAILBOX_NAME of imap/mailbox.h). */
const IMAP_LITERAL_MAX_BYTES = 16_384;

type Head = {
  readonly text: string;
  readonly attributes: readonly string[];
  readonly separator: string | undefined;
};

/** The part of a LIST response before the mailbox. */
const HEAD = /^\* LIST \([^()"{]*\) (?:"[^"\\]"|NIL) $/;
/** A mailbox of these characters stands in a response as it is, without quotes. */
const PLAIN_NAME = /^[A-Za-z0-9.@_/-]+$/;
const CR = 0x0d;
const LITERAL_HEADER = /\{(\d{1,10})\+?\}$/;
const STATUS = /^\* (OK|NO|BAD|PREAUTH|BYE)(?: |$)/i;

/** Pull parser: `feed` what came, then `next` until it gives undefined. */
export class ImapResponseParser {
  readonly #received = new ReceivedBytes();
  #text = '';
  #literals: Literal[] = [];
  /** How many bytes the literal has that must come next. */
  #awaited: number | undefined;
  /** How many bytes of the response have been read so far. */
  #size = 0;
  #failure: { readonly error: unknown } | undefined;
  readonly #seen: (text: string) => void;
  /** The last LIST response without its mailbox. */
  #head: Head | undefined;

  /** @param seen called with the text of each response, without the contents of its literals */
  constructor(seen: (text: string) => void = () => undefined) {
    this.#seen = seen;
  }

  feed(chunk: Buffer): void {
    this.#received.append(chunk);
  }

  /** Whether there are bytes that are not yet a whole response. */
  get pending(): boolean {
    return this.#received.length > 0 || this.#text !== '';
  }

  /** Whether it may come unasked, as a warning or news of a mailbox may (RFC 3501 sections 5.2 and 7). @throws at a BYE */
  mayComeAnytime(response: ImapResponse): boolean {
    if (response.kind === 'tagged' || response.kind === 'continuation') return false;
    untagged(response);
    return true;
  }

  /**
   * The next whole response; undefined where more bytes are needed.
   * @throws ProtocolError on a response that is too long or that the RFC does not allow; from then on each call throws
   */
  next(): ImapResponse | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return this.#next();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #next(): ImapResponse | undefined {
    for (;;) {
      if (this.#awaited !== undefined && !this.#takeLiteral(this.#awaited)) return undefined;
      const line = this.#takeLine();
      if (line === undefined) return undefined;
      this.#text += line;
      this.#awaited = this.#announcedLiteral(line);
      if (this.#awaited === undefined) return this.#takeResponse();
    }
  }

  #takeResponse(): ImapResponse {
    const text = this.#text;
    const literals = this.#literals;
    this.#text = '';
    this.#size = 0;
    this.#seen(text);
    if (literals.length === 0)
      return this.#listAgain(text) ?? this.#remembered(text, readResponse(text, literals));
    this.#literals = [];
    return readResponse(text, literals);
  }

  /** Reads a LIST response that begins like the last one: the lines of a long list differ only in their mailboxes. */
  #listAgain(text: string): ImapResponse | undefined {
    if (this.#head === undefined || !text.startsWith(this.#head.text)) return undefined;
    const mailbox = text.slice(this.#head.text.length);
    if (!PLAIN_NAME.test(mailbox)) return undefined;
    const { attributes, separator } = this.#head;
    return { kind: 'list', attributes, separator, mailbox };
  }

  #remembered(text: string, response: ImapResponse): ImapResponse {
    if (response.kind === 'list') {
      const { attributes, separator, mailbox } = response;
      const head = text.slice(0, -mailbox.length);
      if (HEAD.test(head)) this.#head = { text: head, attributes, separator };
    }
    return response;
  }

  #takeLine(): string | undefined {
    const length = this.#received.lineLength();
    this.#check(length ?? this.#received.length);
    if (length === undefined) return undefined;
    this.#size += length;
    if (this.#received.byteAt(length - 2) !== CR) {
      const line = this.#received.takeText(length);
      throw new ProtocolError(
        `imap response line ${JSON.stringify(line.slice(0, 80))} does not end with CR LF`,
      );
    }
    const line = this.#received.takeText(length - 2);
    this.#received.takeText(2);
    return line;
  }

  #takeLiteral(length: number): boolean {
    if (this.#received.length < length) return false;
    this.#literals.push({ headerEnd: this.#text.length, value: this.#received.takeText(length) });
    this.#size += length;
    this.#awaited = undefined;
    return true;
  }

  /** The length is judged before we wait for the bytes. Status responses end with a text for people, so they have no literal. */
  #announcedLiteral(line: string): number | undefined {
    if (!line.endsWith('}') || !this.#text.startsWith('* ') || STATUS.test(this.#text)) return undefined;
    const digits = LITERAL_HEADER.exec(line)?.[1];
    if (digits === undefined) return undefined;
    const length = Number(digits);
    if (length > IMAP_LITERAL_MAX_BYTES) {
      throw new ProtocolError(`imap literal has ${length} bytes: must be ${IMAP_LITERAL_MAX_BYTES} at most`);
    }
    this.#check(length);
    return length;
  }

  #check(more: number): void {
    if (this.#size + more > IMAP_RESPONSE_MAX_BYTES) {
      throw new ProtocolError(`imap response has over ${IMAP_RESPONSE_MAX_BYTES} bytes`);
    }
  }
}
