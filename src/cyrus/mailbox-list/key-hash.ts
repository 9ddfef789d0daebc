// Hashes of keys: FNV-1a with two different starting values, mixed so that the low bits depend on all bits; and a set of keys that
// keeps only these two hashes, eight bytes for each key. No I/O.

const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;
const OTHER_BASIS = 0x2f0b4a27;

export function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let sum = BASIS;
  for (let i = start; i < end; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), PRIME);
  return mixed(sum);
}

/** @param text latin1: the same hash as that of its bytes */
export function hashOfText(text: string): number {
  let sum = BASIS;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), PRIME);
  return mixed(sum);
}

/**
 * A set that knows each key by two hashes, 64 bits together. The chance that two of two million keys have the same hashes is one
 * in ten million; then only the number of keys would be wrong, which is noticed.
 */
export class HashedKeys {
  #slots: Int32Array;
  #size = 0;

  /** @param expected how many keys there will be; it grows if there are more */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 * 2 ** Math.ceil(Math.log2(Math.max(16, expected * 1.5))));
  }

  get size(): number {
    return this.#size;
  }

  /** @returns whether the key is new */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#size * 3 > this.#slots.length) this.#grow();
    let first = BASIS;
    let second = OTHER_BASIS;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] ?? 0;
      first = Math.imul(first ^ byte, PRIME);
      second = Math.imul(second ^ byte, PRIME);
    }
    // 0 marks an empty slot, so a second hash of 0 is replaced by 1.
    return this.#put(mixed(first), mixed(second) || 1);
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

/** The last step of MurmurHash3. */
function mixed(sum: number): number {
  let mixing = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}
