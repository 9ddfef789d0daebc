// Keys of a list, a million of them in some thirty bytes each: their bytes stand one behind the other in large pieces of
// memory, and a number says where. No strings, so nothing for the garbage collector to look at. No I/O.
import { ProtocolError } from '../../errors.js';

const SEGMENT_BITS = 20;
const SEGMENT_BYTES = 1 << SEGMENT_BITS;
/** Hash, length, and what is known of the key. */
const HEAD_BYTES = 7;
/** Twice MAX_MAILBOX_NAME of Cyrus' imap/mailbox.h. */
export const KEY_MAX_BYTES = 1_024;

export class KeyArena {
  readonly #segments: Buffer[] = [];
  #free = SEGMENT_BYTES;

  /** Bytes taken, with those of keys that nobody refers to any more. */
  get bytes(): number {
    return this.#segments.length * SEGMENT_BYTES;
  }

  /** @returns where it stands, a whole number from 0 on */
  add(bytes: Buffer, start: number, end: number, hash: number, mark: number): number {
    const length = end - start;
    if (length > KEY_MAX_BYTES) throw new ProtocolError(`the mailbox list has a key of ${length} bytes`);
    if (this.#free + HEAD_BYTES + length > SEGMENT_BYTES) {
      this.#segments.push(Buffer.allocUnsafeSlow(SEGMENT_BYTES));
      this.#free = 0;
    }
    const index = this.#segments.length - 1;
    const segment = this.#segment(index);
    const at = this.#free;
    segment.writeUInt32LE(hash >>> 0, at);
    segment.writeUInt16LE(length, at + 4);
    segment[at + 6] = mark;
    // Short as they are, a loop is faster than to call copy(), and below than compare().
    for (let i = 0; i < length; i++) segment[at + HEAD_BYTES + i] = bytes[start + i] ?? 0;
    this.#free += HEAD_BYTES + length;
    return index * SEGMENT_BYTES + at;
  }

  hash(place: number): number {
    return this.#of(place).readUInt32LE(place % SEGMENT_BYTES) | 0;
  }

  mark(place: number): number {
    return this.#of(place)[(place % SEGMENT_BYTES) + 6] ?? 0;
  }

  setMark(place: number, mark: number): void {
    this.#of(place)[(place % SEGMENT_BYTES) + 6] = mark;
  }

  text(place: number): string {
    const at = (place % SEGMENT_BYTES) + HEAD_BYTES;
    return this.#of(place).toString('latin1', at, at + this.#length(place));
  }

  /** As memcmp() of the common part, then the shorter first: negative, 0 or positive. */
  compare(place: number, bytes: Buffer, start: number, end: number): number {
    const segment = this.#of(place);
    const at = (place % SEGMENT_BYTES) + HEAD_BYTES;
    const length = this.#length(place);
    const common = Math.min(length, end - start);
    for (let i = 0; i < common; i++) {
      const difference = (segment[at + i] ?? 0) - (bytes[start + i] ?? 0);
      if (difference !== 0) return difference;
    }
    return length - (end - start);
  }

  equals(place: number, bytes: Buffer, start: number, end: number): boolean {
    return this.#length(place) === end - start && this.compare(place, bytes, start, end) === 0;
  }

  /** @param text latin1 */
  equalsText(place: number, text: string): boolean {
    if (this.#length(place) !== text.length) return false;
    const segment = this.#of(place);
    const at = (place % SEGMENT_BYTES) + HEAD_BYTES;
    for (let i = 0; i < text.length; i++) if (segment[at + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  #length(place: number): number {
    return this.#of(place).readUInt16LE((place % SEGMENT_BYTES) + 4);
  }

  #of(place: number): Buffer {
    return this.#segment(Math.floor(place / SEGMENT_BYTES));
  }

  #segment(index: number): Buffer {
    const segment = this.#segments[index];
    if (segment === undefined) throw new RangeError(`no segment ${index}`);
    return segment;
  }
}
