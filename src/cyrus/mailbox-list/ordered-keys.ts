// The keys of a list, which can be found by their bytes and are kept in the order of memcmp(), since a delete names only the key
// that follows. It is a hash table, and blocks of neighbouring keys: an insertion or deletion moves one block at most. No I/O.
import { KeyArena } from './key-arena.js';
import { hashOfBytes, hashOfText } from './key-hash.js';

/** How many keys a block may have: few enough to be moved quickly, and enough that there are not too many blocks. */
const BLOCK_MAX = 512;
const EMPTY = -1;

/** A key and its mark, a number from 0 to 255 that the caller chose. */
export type Marked = { readonly key: string; readonly mark: number };

export class OrderedKeys {
  readonly #arena = new KeyArena();
  readonly #blocks: number[][] = [[]];
  #slots: Int32Array;
  #size = 0;
  #strays = 0;

  /** @param expected how many keys there will be; it grows if there are more */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, expected * 1.5)))).fill(EMPTY);
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
    let slot = this.#home(hash);
    for (let place = this.#at(slot); place !== EMPTY; place = this.#at(slot)) {
      if (this.#arena.hash(place) === hash && this.#arena.equals(place, bytes, start, end)) {
        const before = this.#arena.mark(place);
        this.#arena.setMark(place, mark);
        return before;
      }
      slot = this.#after(slot);
    }
    const place = this.#arena.add(bytes, start, end, hash, mark);
    this.#slots[slot] = place;
    this.#size += 1;
    this.#insert(place, bytes, start, end);
    if (this.#size * 4 > this.#slots.length * 3) this.#grow();
    return undefined;
  }

  /** The mark of a key; undefined where there is no such key. @param key latin1 */
  get(key: string): number | undefined {
    const hash = hashOfText(key);
    let slot = this.#home(hash);
    for (let place = this.#at(slot); place !== EMPTY; place = this.#at(slot)) {
      if (this.#arena.hash(place) === hash && this.#arena.equalsText(place, key))
        return this.#arena.mark(place);
      slot = this.#after(slot);
    }
    return undefined;
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
    const index = this.#blockOf(bytes, start, end);
    const block = this.#block(index);
    const last = block.at(-1);
    if (last === undefined || this.#arena.compare(last, bytes, start, end) < 0) {
      // While a repacked list is loaded, keys come in order, so nearly every key ends up here, and blocks become full.
      if (index !== this.#blocks.length - 1) this.#strays += 1;
      if (block.length < BLOCK_MAX) block.push(place);
      else this.#blocks.splice(index + 1, 0, [place]);
      return;
    }
    this.#strays += 1;
    block.splice(this.#countBelow(block, bytes, start, end), 0, place);
    if (block.length > BLOCK_MAX) this.#blocks.splice(index + 1, 0, block.splice(BLOCK_MAX / 2));
  }

  /** The last block whose first key is not above this key; if there is none, the first block. */
  #blockOf(bytes: Buffer, start: number, end: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    // While a repacked list is loaded, this is the last block.
    if (this.#beginsBelow(high, bytes, start, end)) return high;
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
    while (this.#at(hole) !== place) hole = this.#after(hole);
    const mask = this.#slots.length - 1;
    for (let slot = this.#after(hole); ; slot = this.#after(slot)) {
      const next = this.#at(slot);
      if (next === EMPTY) break;
      const home = this.#home(this.#arena.hash(next));
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = next;
      hole = slot;
    }
    this.#slots[hole] = EMPTY;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    for (const block of this.#blocks) {
      for (const place of block) {
        let slot = this.#home(this.#arena.hash(place));
        while (this.#at(slot) !== EMPTY) slot = this.#after(slot);
        this.#slots[slot] = place;
      }
    }
  }

  #home(hash: number): number {
    return hash & (this.#slots.length - 1);
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  #at(slot: number): number {
    return this.#slots[slot] ?? EMPTY;
  }

  #block(index: number): number[] {
    return this.#blocks[index] ?? [];
  }
}
