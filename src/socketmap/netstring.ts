// Netstrings, `5:hello,`: https://cr.yp.to/proto/netstrings.txt. A strict decoder, pulled frame by frame, and the
// encoder. Payloads are latin1 strings, a character a byte, so every byte comes out as it went in. No I/O.
import { ProtocolError } from '../errors.js';

/** Postfix's limit for a request: socketmap_max_query_size, default 10000. */
export const DEFAULT_MAX_NETSTRING_BYTES = 10_000;

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
/** A frame with a longer length is not decoded at once. */
const LENGTH_DIGITS = 5;
const NO_BYTES = Buffer.alloc(0);

/** The length is unknown before its first digit. */
const NO_DIGIT = -1;

export class NetstringDecoder {
  readonly #maxBytes: number;
  #chunk: Buffer = NO_BYTES;
  #at = 0;
  #length = NO_DIGIT;
  #inPayload = false;
  /** The payload of a frame that no single chunk holds whole: allocated once, at its announced length. */
  #split: Buffer | undefined;
  #splitAt = 0;
  #error: ProtocolError | undefined;

  constructor(maxBytes: number = DEFAULT_MAX_NETSTRING_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a frame has begun and is not complete. Meaningful when `next()` has returned undefined. */
  get midway(): boolean {
    return this.#inPayload || this.#length !== NO_DIGIT;
  }

  /** Whether there are bytes that `next()` has not read yet. */
  get unread(): boolean {
    return this.#at < this.#chunk.length;
  }

  /**
   * The payload, where the first `length` of `bytes` are one frame and no more, and none has begun before; undefined otherwise,
   * whatever the reason: then they have to be fed. Keeps none of the bytes.
   */
  whole(bytes: Buffer, length: number): string | undefined {
    if (this.#error !== undefined || this.midway || this.unread) return undefined;
    let announced = 0;
    let at = 0;
    for (; at < LENGTH_DIGITS; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === COLON) break;
      if (byte < ZERO || byte > NINE || (at > 0 && announced === 0)) return undefined;
      announced = announced * 10 + byte - ZERO;
    }
    const start = at + 1;
    const end = start + announced;
    const fits = at > 0 && announced <= this.#maxBytes && end + 1 === length;
    if (!fits || bytes[at] !== COLON || bytes[end] !== COMMA) return undefined;
    return bytes.toString('latin1', start, end);
  }

  /** Takes a chunk of any size. It is read in place: its bytes must not change before `next()` returned undefined. */
  feed(chunk: Buffer): void {
    const drained = this.#at === this.#chunk.length;
    this.#chunk = drained ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /**
   * The next whole payload; undefined until more is fed.
   * @throws ProtocolError where the input is no netstring, again at each further call
   */
  next(): string | undefined {
    if (this.#error !== undefined) throw this.#error;
    if (!this.#inPayload && !this.#readLength()) return this.#starved();
    return this.#split === undefined ? this.#readWhole() : this.#readSplit(this.#split);
  }

  /** @returns whether the colon was reached */
  #readLength(): boolean {
    const chunk = this.#chunk;
    let at = this.#at;
    let length = this.#length;
    while (at < chunk.length) {
      const byte = chunk[at++] ?? 0;
      if (byte >= ZERO && byte <= NINE) {
        if (length === 0) throw this.#broken('its length has a leading zero');
        length = length === NO_DIGIT ? byte - ZERO : length * 10 + byte - ZERO;
        if (length > this.#maxBytes) throw this.#broken(`its length is over ${this.#maxBytes} bytes`);
      } else if (byte === COLON && length !== NO_DIGIT) {
        this.#at = at;
        this.#length = length;
        this.#inPayload = true;
        return true;
      } else {
        throw this.#broken(`its length has byte ${hex(byte)}, must be digits and a colon`);
      }
    }
    this.#at = at;
    this.#length = length;
    return false;
  }

  #readWhole(): string | undefined {
    const start = this.#at;
    const end = start + this.#length;
    if (end >= this.#chunk.length) {
      this.#split = Buffer.allocUnsafe(this.#length);
      this.#splitAt = 0;
      return this.#readSplit(this.#split);
    }
    const payload = this.#chunk.toString('latin1', start, end);
    this.#at = end;
    this.#readComma();
    return payload;
  }

  #readSplit(split: Buffer): string | undefined {
    const missing = this.#length - this.#splitAt;
    const taken = Math.min(missing, this.#chunk.length - this.#at);
    this.#chunk.copy(split, this.#splitAt, this.#at, this.#at + taken);
    this.#splitAt += taken;
    this.#at += taken;
    if (this.#at === this.#chunk.length) return this.#starved();
    this.#readComma();
    this.#split = undefined;
    return split.toString('latin1');
  }

  #readComma(): void {
    const byte = this.#chunk[this.#at++] ?? 0;
    if (byte !== COMMA) {
      throw this.#broken(`it has byte ${hex(byte)} after its ${this.#length} bytes, must be a comma`);
    }
    this.#inPayload = false;
    this.#length = NO_DIGIT;
  }

  /** Drops what it was fed and has not read, since nobody will read it. */
  drop(): void {
    this.#starved();
    this.#split = undefined;
  }

  /** Forgets the chunk, since an idle connection must not hold the memory of what it last read. */
  #starved(): undefined {
    this.#chunk = NO_BYTES;
    this.#at = 0;
    return undefined;
  }

  #broken(what: string): ProtocolError {
    this.#starved();
    this.#split = undefined;
    this.#error = new ProtocolError(`not a netstring: ${what}`);
    return this.#error;
  }
}

/** @param payload a character a byte: none above U+00FF */
export function encodeNetstring(payload: string): string {
  return `${payload.length}:${payload},`;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
