// Names with a mark each, a million of them in some fifty bytes each: hash tables over the bytes that a KeyArena keeps. A name
// stays once it is there; what became of it is said by its mark. No I/O.
import { KeyArena } from '../mailbox-list/key-arena.js';
import { hashOfText } from '../mailbox-list/key-hash.js';
import { MUPDATE_NAME_MAX_BYTES } from './parser.js';

const EMPTY = -1;
/** Tables that grow each by itself: to make room in one for a million names would hold up everybody for a tenth of a second. */
const TABLES = 256;
const FIRST_SLOTS = 16;

type Table = { slots: Int32Array; size: number };

export class NameTable {
  readonly #arena = new KeyArena();
  readonly #scratch = Buffer.alloc(MUPDATE_NAME_MAX_BYTES);
  readonly #tables: Table[] = Array.from({ length: TABLES }, () => ({
    slots: new Int32Array(FIRST_SLOTS).fill(EMPTY),
    size: 0,
  }));
  #size = 0;

  /** How many names there are, whatever their marks. */
  get size(): number {
    return this.#size;
  }

  /** Of the names and of the tables over them. */
  get bytes(): number {
    return this.#tables.reduce((sum, { slots }) => sum + slots.byteLength, this.#arena.bytes);
  }

  /**
   * @param name latin1, at most MUPDATE_NAME_MAX_BYTES
   * @param mark 0 to 255
   * @returns its mark before; undefined where it is new
   */
  set(name: string, mark: number): number | undefined {
    const hash = hashOfText(name);
    const table = this.#tableOf(hash);
    const slot = this.#find(table.slots, name, hash);
    const place = at(table.slots, slot);
    if (place !== EMPTY) {
      const before = this.#arena.mark(place);
      if (before !== mark) this.#arena.setMark(place, mark);
      return before;
    }
    const length = this.#scratch.write(name, 'latin1');
    table.slots[slot] = this.#arena.add(this.#scratch, 0, length, hash, mark);
    table.size += 1;
    this.#size += 1;
    if (table.size * 4 > table.slots.length * 3) this.#grow(table);
    return undefined;
  }

  /** @returns undefined where it never was there */
  get(name: string): number | undefined {
    const hash = hashOfText(name);
    const { slots } = this.#tableOf(hash);
    const place = at(slots, this.#find(slots, name, hash));
    return place === EMPTY ? undefined : this.#arena.mark(place);
  }

  /** By the high bits; the slot is by the low ones. */
  #tableOf(hash: number): Table {
    const table = this.#tables[hash >>> 24];
    if (table === undefined) throw new RangeError(`no table ${hash >>> 24}`);
    return table;
  }

  /** The slot that holds it, or that it would take. */
  #find(slots: Int32Array, name: string, hash: number): number {
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = at(slots, slot);
      if (place === EMPTY) return slot;
      if (this.#arena.hash(place) === hash && this.#arena.equalsText(place, name)) return slot;
    }
  }

  #grow(table: Table): void {
    const slots = new Int32Array(table.slots.length * 2).fill(EMPTY);
    const mask = slots.length - 1;
    for (const place of table.slots) {
      if (place === EMPTY) continue;
      let slot = this.#arena.hash(place) & mask;
      while (at(slots, slot) !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = place;
    }
    table.slots = slots;
  }
}

function at(slots: Int32Array, slot: number): number {
  return slots[slot] ?? EMPTY;
}
