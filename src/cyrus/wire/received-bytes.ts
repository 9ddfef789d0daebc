// Bytes that came and are not parsed yet: appended at one end, taken from the other, each scanned for a line end
// once, so that a peer who sends them singly costs no more than one who sends them all. No I/O.

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;

export class ReceivedBytes {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether `#bytes` was allocated here and has room to grow; a chunk of the caller's is never written to. */
  #own = false;
  /** Before this offset there is no line end. */
  #scanned = 0;

  /** How many there are. */
  get length(): number {
    return this.#end - this.#start;
  }

  append(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = this.#scanned = 0;
      this.#end = chunk.length;
      this.#own = false;
      return;
    }
    this.#makeRoom(chunk.length);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** Length of the first line with its LF; undefined where none has come yet. */
  lineLength(): number | undefined {
    const all = this.#end === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#end);
    const lf = all.indexOf(LF, this.#scanned);
    this.#scanned = lf === -1 ? this.#end : lf;
    return lf === -1 ? undefined : lf + 1 - this.#start;
  }

  /** One of the first bytes; undefined where it has not come, or is before the first one. */
  byteAt(offset: number): number | undefined {
    return offset >= 0 && offset < this.length ? this.#bytes[this.#start + offset] : undefined;
  }

  /** Takes the first bytes away, as latin1: a character a byte. */
  takeText(length: number): string {
    const text = this.#bytes.toString('latin1', this.#start, this.#start + length);
    this.#start += length;
    if (this.#scanned < this.#start) this.#scanned = this.#start;
    return text;
  }

  #makeRoom(more: number): void {
    const { length } = this;
    if (this.#own && this.#end + more <= this.#bytes.length) return;
    // Moved only where half of it is free then: so each byte is moved a few times at most.
    const roomy = this.#own && 2 * (length + more) <= this.#bytes.length;
    const target = roomy ? this.#bytes : Buffer.allocUnsafe(Math.max(4 * (length + more), 1024));
    this.#bytes.copy(target, 0, this.#start, this.#end);
    this.#scanned -= this.#start;
    this.#bytes = target;
    this.#start = 0;
    this.#end = length;
    this.#own = true;
  }
}
