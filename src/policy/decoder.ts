// Decodes requests of Postfix' policy protocol: lines `name=value`, and an empty line at the end (SMTPD_POLICY_README). Bytes in,
// whole requests out, one at a time; each character is one byte. It is strict. No I/O.
import { ProtocolError } from '../errors.js';
import type { RequestDecoder } from '../socketmap/dialect.js';

const END = '\n\n';
const NO_BYTES = Buffer.alloc(0);

export class PolicyDecoder implements RequestDecoder {
  readonly #maxBytes: number;
  #held: Buffer = NO_BYTES;
  /** No request ends before this offset. */
  #scanned = 0;
  #error: ProtocolError | undefined;

  /** @param maxBytes the longest request, its empty line included */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get midway(): boolean {
    return this.#held.length > 0;
  }

  get unread(): boolean {
    return this.#scanned < this.#held.length;
  }

  /** Never: such a request is long, so that it does not matter that its bytes are copied once more. */
  whole(): undefined {
    return undefined;
  }

  feed(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }

  next(): string | undefined {
    if (this.#error !== undefined) throw this.#error;
    const end = this.#held.indexOf(END, Math.max(0, this.#scanned - 1), 'latin1');
    const bytes = end === -1 ? this.#held.length : end + END.length;
    if (bytes > this.#maxBytes) throw this.#broken(`a policy request is over ${this.#maxBytes} bytes`);
    if (this.#held[0] === 0x0a) throw this.#broken('a policy request begins with an empty line');
    if (end === -1) {
      this.#scanned = bytes;
      return undefined;
    }
    const payload = this.#held.toString('latin1', 0, end);
    this.#held = bytes === this.#held.length ? NO_BYTES : this.#held.subarray(bytes);
    this.#scanned = 0;
    return payload;
  }

  drop(): void {
    this.#held = NO_BYTES;
    this.#scanned = 0;
  }

  #broken(what: string): ProtocolError {
    this.drop();
    this.#error = new ProtocolError(what);
    return this.#error;
  }
}
