// The stream of IMAP responses (RFC 3501 section 2.2.2), as Cyrus sends them: bytes in, responses out, one at a time
// however many have come. A response is a line, and one more behind each literal. No I/O.
import { ProtocolError } from '../../errors.js';
import { readResponse, type ImapResponse } from './response.js';
import type { Literal } from './tokens.js';
import { untagged } from './untagged.js';
import { ReceivedBytes } from '../wire/received-bytes.js';

/** Of one response with its literals: Cyrus' longest here, the capabilities, have 2000. */
export const IMAP_RESPONSE_MAX_BYTES = 65_536;
/** No mailbox name is longer than 490 (MAX_MAILBOX_NAME of imap/mailbox.h). */
export const IMAP_LITERAL_MAX_BYTES = 16_384;

type Head = {
  readonly text: string;
  readonly attributes: readonly string[];
  readonly separator: string | undefined;
};

/** What stands before the mailbox of a LIST response. */
const HEAD = /^\* LIST \([^()"{]*\) (?:"[^"\\]"|NIL) $/;
/** Such a mailbox stands in a response as it is. */
const PLAIN_NAME = /^[A-Za-z0-9.@_/-]+$/;
const CR = 0x0d;
const LITERAL_HEADER = /\{(\d{1,10})\+?\}$/;
const STATUS = /^\* (OK|NO|BAD|PREAUTH|BYE)(?: |$)/i;

/** Pull parser: `feed` what came, then `next` until it gives undefined. */
export class ImapResponseParser {
  readonly #received = new ReceivedBytes();
  #text = '';
  #literals: Literal[] = [];
  /** Bytes of the literal that is awaited. */
  #awaited: number | undefined;
  /** Bytes of the response so far. */
  #size = 0;
  #failure: { readonly error: unknown } | undefined;
  readonly #seen: (text: string) => void;
  /** Of the last LIST response: all but the mailbox. */
  #head: Head | undefined;

  /** @param seen is told each response as it came, but for what its literals hold */
  constructor(seen: (text: string) => void = () => undefined) {
    this.#seen = seen;
  }

  feed(chunk: Buffer): void {
    this.#received.append(chunk);
  }

  /** Whether bytes are left that make no whole response yet. */
  get pending(): boolean {
    return this.#received.length > 0 || this.#text !== '';
  }

  /** A warning such as `* OK [ALERT]`, or news of a mailbox (RFC 3501 sections 5.2 and 7). @throws at a BYE */
  mayComeAnytime(response: ImapResponse): boolean {
    if (response.kind === 'tagged' || response.kind === 'continuation') return false;
    untagged(response);
    return true;
  }

  /**
   * The next whole response; undefined where more bytes are needed.
   * @throws ProtocolError on one that is too long or that the RFC does not allow, and ever after
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
    if (literals.length > 0) this.#literals = [];
    this.#seen(text);
    if (literals.length > 0) return readResponse(text, literals);
    return this.#listAgain(text) ?? this.#remembered(text, readResponse(text, literals));
  }

  /** The lines of a long list differ in their mailboxes alone. */
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

  /** Judged before a byte of it is awaited. Texts for people are never followed by a literal. */
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
