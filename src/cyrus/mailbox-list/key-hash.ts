// FNV-1a over the bytes of a key, twice with different beginnings, mixed so that the low bits depend on all; and a set of
// keys of which only that is held, eight bytes each. No I/O.

const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;
const OTHER_BASIS = 0x2f0b4a27;

export function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  return hash(bytes, start, end, BASIS);
}

/** @param text latin1: the same hash as that of its bytes */
export function hashOfText(text: string): number {
  let sum = BASIS;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), PRIME);
  return mixed(sum);
}

/**
 * Keys by two hashes, 64 bits together: that two of two million share them is one chance in ten million, and would only
 * make their number wrong, which is noticed.
 */
export class HashedKeys {
  #slots: Int32Array;
  #size = 0;

  /** @param expected how many there will be; room for more is made as they come */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 * 2 ** Math.ceil(Math.log2(Math.max(16, expected * 1.5))));
  }

  get size(): number {
    return this.#size;
  }

  /** @returns whether it is new */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#size * 3 > this.#slots.length) this.#grow();
    const first = hash(bytes, start, end, BASIS);
    // 0 is an empty slot.
    return this.#put(first, hash(bytes, start, end, OTHER_BASIS) || 1);
  }

  #put(first: number, second: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (first * 2) & mask; ; slot = (slot + 2) & mask) {
      if (slots[slot + 1] === 0) {
        slots[slot] = first;
        slots[slot + 1] = second;
        this.#size += 1;
        return true;
      }
      if (slots[slot] === first && slots[slot + 1] === second) return false;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#size = 0;
    for (let slot = 0; slot < old.length; slot += 2) {
      const second = old[slot + 1] ?? 0;
      if (second !== 0) this.#put(old[slot] ?? 0, second);
    }
  }
}

function hash(bytes: Uint8Array, start: number, end: number, basis: number): number {
  let sum = basis;
  for (let i = start; i < end; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), PRIME);
  return mixed(sum);
}

/** The end of MurmurHash3. */
function mixed(sum: number): number {
  let mixing = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}
