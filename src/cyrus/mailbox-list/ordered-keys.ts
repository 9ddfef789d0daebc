// The keys of a list, which can be found by their bytes and are kept in the order of memcmp(), since a delete names only the key
// that follows. It is a hash table, and blocks of neighbouring keys: an insertion or deletion moves one block at most. No I/O.
import { KeyArena } from './key-arena.js';
import { hashOfBytes } from './key-hash.js';

/** How many keys a block may have: few enough to be moved quickly, and enough that there are not too many blocks. */
const BLOCK_MAX = 512;
/** The tag of a slot without a key. */
const EMPTY = 0;

/** A key and its mark, a number from 0 to 255 that the caller chose. */
export type Marked = { readonly key: string; readonly mark: number };

export class OrderedKeys {
  readonly #arena = new KeyArena();
  readonly #blocks: number[][] = [[]];
  /** Where the key of each slot stands in the arena. */
  #slots: Int32Array;
  /** Eight bits of the hash of each slot's key: so the arena, which is seldom in the processor's cache, is read for few others. */
  #tags: Uint8Array;
  #size = 0;
  #strays = 0;

  /** @param expected how many keys there will be; it grows if there are more */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, expected * 1.5))));
    this.#tags = new Uint8Array(this.#slots.length);
  }

  get size(): number {
    return this.#size;
  }

  /** How many bytes the keys themselves take, deleted ones included. */
  get arenaBytes(): number {
    return this.#arena.bytes;
  }

  /** How many keys did not come after all others. */
  get strays(): number {
    return this.#strays;
  }

  /** Adds a key or changes its mark. @returns the mark that it had before; undefined where it is new */
  set(bytes: Buffer, start: number, end: number, mark: number): number | undefined {
    const hash = hashOfBytes(bytes, start, end);
    const slot = this.#find(hash, bytes, start, end);
    if (this.#tags[slot] !== EMPTY) {
      const held = this.#at(slot);
      const before = this.#arena.mark(held);
      this.#arena.setMark(held, mark);
      return before;
    }
    const place = this.#arena.add(bytes, start, end, hash, mark);
    this.#put(slot, place, hash);
    this.#size += 1;
    this.#insert(place, bytes, start, end);
    if (this.#size * 4 > this.#slots.length * 3) this.#grow();
    return undefined;
  }

  /** The mark of a key; undefined where there is no such key. */
  get(bytes: Buffer, start: number, end: number): number | undefined {
    const slot = this.#find(hashOfBytes(bytes, start, end), bytes, start, end);
    return this.#tags[slot] === EMPTY ? undefined : this.#arena.mark(this.#at(slot));
  }

  /** Removes the greatest key below `key`; where that is undefined, the greatest of all. */
  deleteBefore(key: Buffer | undefined): Marked | undefined {
    let index = this.#blocks.length - 1;
    let before = this.#block(index).length;
    if (key !== undefined) {
      index = this.#blockOf(key, 0, key.length);
      before = this.#countBelow(this.#block(index), key, 0, key.length);
      if (before === 0 && index > 0) {
        index -= 1;
        before = this.#block(index).length;
      }
    }
    const block = this.#block(index);
    const [place] = block.splice(before - 1, before === 0 ? 0 : 1);
    if (place === undefined) return undefined;
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(index, 1);
    this.#unlink(place);
    this.#size -= 1;
    return { key: this.#arena.text(place), mark: this.#arena.mark(place) };
  }

  #insert(place: number, bytes: Buffer, start: number, end: number): void {
    // While a repacked list is loaded, keys come in order: so nearly every key comes after all others, and blocks become full.
    if (this.#endsBelow(this.#blocks.length - 1, bytes, start, end))
      return this.#append(this.#blocks.length - 1, place);
    this.#strays += 1;
    const index = this.#blockOf(bytes, start, end);
    if (this.#endsBelow(index, bytes, start, end)) return this.#append(index, place);
    const block = this.#block(index);
    block.splice(this.#countBelow(block, bytes, start, end), 0, place);
    if (block.length > BLOCK_MAX) this.#blocks.splice(index + 1, 0, block.splice(BLOCK_MAX / 2));
  }

  #append(index: number, place: number): void {
    const block = this.#block(index);
    if (block.length < BLOCK_MAX) block.push(place);
    else this.#blocks.splice(index + 1, 0, [place]);
  }

  /** Whether all keys of a block are below this key. */
  #endsBelow(index: number, bytes: Buffer, start: number, end: number): boolean {
    const block = this.#block(index);
    const last = block[block.length - 1];
    return last === undefined || this.#arena.compare(last, bytes, start, end) < 0;
  }

  /** The last block whose first key is not above this key; if there is none, the first block. */
  #blockOf(bytes: Buffer, start: number, end: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#beginsBelow(middle, bytes, start, end)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #beginsBelow(index: number, bytes: Buffer, start: number, end: number): boolean {
    const [first] = this.#block(index);
    return first !== undefined && this.#arena.compare(first, bytes, start, end) <= 0;
  }

  #countBelow(block: readonly number[], bytes: Buffer, start: number, end: number): number {
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#arena.compare(block[middle] ?? 0, bytes, start, end) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Removes a key from the hash table, and moves later keys back so that none of them is cut off by an empty slot. */
  #unlink(place: number): void {
    let hole = this.#home(this.#arena.hash(place));
    while (this.#at(hole) !== place || this.#tags[hole] === EMPTY) hole = this.#after(hole);
    const mask = this.#slots.length - 1;
    for (let slot = this.#after(hole); ; slot = this.#after(slot)) {
      if (this.#tags[slot] === EMPTY) break;
      const next = this.#at(slot);
      const hash = this.#arena.hash(next);
      if (((slot - this.#home(hash)) & mask) < ((slot - hole) & mask)) continue;
      this.#put(hole, next, hash);
      hole = slot;
    }
    this.#tags[hole] = EMPTY;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    this.#tags = new Uint8Array(this.#slots.length);
    for (const block of this.#blocks) {
      for (const place of block) {
        const hash = this.#arena.hash(place);
        let slot = this.#home(hash);
        while (this.#tags[slot] !== EMPTY) slot = this.#after(slot);
        this.#put(slot, place, hash);
      }
    }
  }

  /** The slot of a key; where it is not held, the empty one in which it would be. */
  #find(hash: number, bytes: Buffer, start: number, end: number): number {
    const tags = this.#tags;
    const mask = tags.length - 1;
    const wanted = tagOf(hash);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const tag = tags[slot] ?? EMPTY;
      if (tag === EMPTY) return slot;
      if (tag !== wanted) continue;
      const place = this.#at(slot);
      if (this.#arena.hash(place) === hash && this.#arena.equals(place, bytes, start, end)) return slot;
    }
  }

  #put(slot: number, place: number, hash: number): void {
    this.#slots[slot] = place;
    this.#tags[slot] = tagOf(hash);
  }

  #home(hash: number): number {
    return hash & (this.#slots.length - 1);
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  #at(slot: number): number {
    return this.#slots[slot] ?? 0;
  }

  #block(index: number): number[] {
    return this.#blocks[index] ?? [];
  }
}

/** The highest bits, since the lowest choose the slot. @returns 1 to 255 */
function tagOf(hash: number): number {
  return hash >>> 24 || 1;
}
