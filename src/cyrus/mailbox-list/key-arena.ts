// Stores a million keys in some thirty bytes each: their bytes stand one behind the other in large pieces of memory, and a number
// says where. There are no strings, so the garbage collector has nothing to do. No I/O.
import { ProtocolError } from '../../errors.js';

const SEGMENT_BITS = 20;
const SEGMENT_BYTES = 1 << SEGMENT_BITS;
/** Before each key stand its hash, its length and its mark. */
const HEAD_BYTES = 7;
/** Twice MAX_MAILBOX_NAME of Cyrus' imap/mailbox.h. */
export const KEY_MAX_BYTES = 1_024;

export class KeyArena {
  readonly #segments: Buffer[] = [];
  #free = SEGMENT_BYTES;

  /** How many bytes of memory are used, those of deleted keys included. */
  get bytes(): number {
    return this.#segments.length * SEGMENT_BYTES;
  }

  /** Stores a key. @returns its place, a whole number from 0 on */
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
    // Keys are so short that a loop is faster than a call of copy(); below, faster than one of compare().
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

  /** Compares like memcmp(); if the common part is equal, the shorter key comes first. @returns negative, 0 or positive */
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
