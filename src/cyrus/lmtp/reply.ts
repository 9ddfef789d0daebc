// LMTP replies (RFC 2033, RFC 5321 section 4.2, RFC 2034): bytes in, replies out. A reply may have many lines;
// its enhanced status code stands on the last one, as Cyrus' imap/lmtpengine.c writes it. No I/O.
import { ProtocolError } from '../../errors.js';

export type LmtpReply = {
  /** 200 to 599. */
  readonly code: number;
  /** `5.1.1` of the last line; `''` where there is none. */
  readonly enhanced: string;
  /** The text of each line, without code and separator. */
  readonly lines: readonly string[];
};

/** RFC 5321 section 4.5.3.1.5 allows 512 bytes; the buffer of Cyrus itself has 4096. */
const REPLY_LINE_MAX_BYTES = 4096;
/** The longest reply of Cyrus is the one to LHLO, with about ten lines. */
const REPLY_LINES_MAX = 64;

const LINE = /^([2-5][0-9][0-9])(?:([ -])(.*))?$/;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

/** Pull parser: `feed` what came, then call `next` until it returns undefined. Once it has thrown, each further call throws. */
export class LmtpReplyParser {
  #text = '';
  #from = 0;
  #lines: string[] = [];
  #code = '';
  #failure: { readonly error: unknown } | undefined;
  /** The last reply and its bytes: in a flood of unknown names the next one is the same, and need not be taken apart again. */
  #last: { readonly bytes: string; readonly reply: LmtpReply } | undefined;

  feed(chunk: Buffer): void {
    this.#text = this.#text.slice(this.#from) + chunk.toString('latin1');
    this.#from = 0;
  }

  /** Whether there are bytes or lines that are not yet a whole reply. */
  get pending(): boolean {
    return this.#from < this.#text.length || this.#lines.length > 0;
  }

  /**
   * The next whole reply; undefined where more bytes are needed.
   * @throws ProtocolError on a line too long, too many lines, no code, or a code that changes within a reply
   */
  next(): LmtpReply | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return this.#next();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #next(): LmtpReply | undefined {
    const last = this.#last;
    if (last !== undefined && this.#lines.length === 0 && this.#text.startsWith(last.bytes, this.#from)) {
      this.#from += last.bytes.length;
      return last.reply;
    }
    const start = this.#lines.length === 0 ? this.#from : undefined;
    for (;;) {
      const end = this.#text.indexOf('\n', this.#from);
      const length = (end === -1 ? this.#text.length : end) - this.#from;
      if (length > REPLY_LINE_MAX_BYTES) {
        throw new ProtocolError(`lmtp reply line has over ${REPLY_LINE_MAX_BYTES} bytes`);
      }
      if (end === -1) return undefined;
      const carriageReturn = this.#text.charCodeAt(end - 1) === 0x0d;
      const line = this.#text.slice(this.#from, carriageReturn ? end - 1 : end);
      this.#from = end + 1;
      const reply = this.#take(line);
      if (reply === undefined) continue;
      if (start !== undefined) this.#last = { bytes: this.#text.slice(start, this.#from), reply };
      return reply;
    }
  }

  #take(line: string): LmtpReply | undefined {
    const match = LINE.exec(line);
    if (match === null)
      throw new ProtocolError(`lmtp reply ${JSON.stringify(line.slice(0, 80))} has no code`);
    const [, code = '', separator, text = ''] = match;
    if (this.#lines.length > 0 && code !== this.#code) {
      throw new ProtocolError(`lmtp reply changes its code from ${this.#code} to ${code}`);
    }
    this.#code = code;
    this.#lines.push(text);
    if (this.#lines.length > REPLY_LINES_MAX)
      throw new ProtocolError(`lmtp reply has over ${REPLY_LINES_MAX} lines`);
    if (separator === '-') return undefined;
    const lines = this.#lines;
    this.#lines = [];
    return { code: Number(code), enhanced: ENHANCED.exec(lines.at(-1) ?? '')?.[1] ?? '', lines };
  }
}

/** A reply as one line of text, for errors and for the log. */
export function describeReply(reply: LmtpReply): string {
  return `${reply.code} ${reply.lines.at(-1) ?? ''}`.trimEnd();
}
