// Requests of Postfix' policy protocol: lines `name=value`, and an empty one at the end. Defined by SMTPD_POLICY_README. A strict
// decoder, pulled request by request: bytes in, whole requests out, a character a byte. No I/O.
import { ProtocolError } from '../errors.js';
import type { RequestDecoder } from '../socketmap/dialect.js';

const END = '\n\n';
const NO_BYTES = Buffer.alloc(0);

export class PolicyDecoder implements RequestDecoder {
  readonly #maxBytes: number;
  #held: Buffer = NO_BYTES;
  /** Up to there is no end of a request. */
  #scanned = 0;
  #error: ProtocolError | undefined;

  /** @param maxBytes of a request, its last line included */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get midway(): boolean {
    return this.#held.length > 0;
  }

  get unread(): boolean {
    return this.#scanned < this.#held.length;
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
