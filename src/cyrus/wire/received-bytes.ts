// Bytes that were received and not parsed yet: appended at one end, taken from the other. Each byte is searched for a line end
// only once, so that a peer that sends single bytes costs no more than one that sends all together. No I/O.

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;

export class ReceivedBytes {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether `#bytes` was allocated here and may be written to. A chunk that belongs to the caller is never written to. */
  #own = false;
  /** There is no line end before this offset. */
  #scanned = 0;

  /** How many bytes there are. */
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

  /** The length of the first line with its LF; undefined where the line is not complete yet. */
  lineLength(): number | undefined {
    const all = this.#end === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#end);
    const lf = all.indexOf(LF, this.#scanned);
    this.#scanned = lf === -1 ? this.#end : lf;
    return lf === -1 ? undefined : lf + 1 - this.#start;
  }

  /** The byte at an offset from the first one; undefined where there is none. */
  byteAt(offset: number): number | undefined {
    return offset >= 0 && offset < this.length ? this.#bytes[this.#start + offset] : undefined;
  }

  /** Takes the first bytes, as latin1: each character is one byte. */
  takeText(length: number): string {
    const text = this.#bytes.toString('latin1', this.#start, this.#start + length);
    this.#start += length;
    if (this.#scanned < this.#start) this.#scanned = this.#start;
    return text;
  }

  #makeRoom(more: number): void {
    const { length } = this;
    if (this.#own && this.#end + more <= this.#bytes.length) return;
    // Bytes are moved within the buffer only where half of it is free afterwards, so each is moved a few times at most.
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
