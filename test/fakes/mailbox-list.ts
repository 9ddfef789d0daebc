// A writer of twoskip files as Cyrus' lib/cyrusdb_twoskip.c is one, in memory: transactions, repacks, the crash repair of
// last resort, and what a killed writer leaves. And the files under one name that a reader opens.
import { crc32 } from 'node:zlib';
import type { FileId, ListFiles, OpenList } from '../../src/cyrus/mailbox-list/list-reader.js';

const MAGIC = Buffer.from('a1028b0d74776f736b69702066696c6500000000', 'hex');
const BLANK = Buffer.from(' BLANK\x07\xa0', 'latin1');

/** A key and its value, or a key that is taken out. */
export type Change = { readonly key: string; readonly value: string | undefined };

export class FakeList implements ListFiles {
  readonly #random: () => number;
  #ino = 1;
  #generation = 1;
  #records = new Map<string, { readonly value: string; readonly at: number }>();
  #bytes: Buffer = Buffer.alloc(0);
  #repackSize = 336;
  #currentSize = 336;
  readonly #old = new Map<number, Buffer>();
  missing = false;
  /** That of a repacked list. */
  order = (a: string, b: string): number => (a < b ? -1 : 1);
  opened = 0;

  /** @param random 0 to 1, for the levels of records and for what nobody should look at */
  constructor(random: () => number = () => 0.5) {
    this.#random = random;
    this.#bytes = this.#fresh();
    this.#header(false);
  }

  /** Keys in their order. */
  get keys(): string[] {
    return [...this.#records.keys()].sort();
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  get currentSize(): number {
    return this.#currentSize;
  }

  /** One transaction. */
  commit(...changes: readonly Change[]): void {
    this.#append(changes);
    this.#currentSize = this.#bytes.length;
    this.#header(false);
  }

  /** A transaction whose writer was killed before its end: past current_size, and the header is dirty. */
  crash(...changes: readonly Change[]): void {
    const before = new Map(this.#records);
    this.#append(changes);
    this.#records = before;
    this.#header(true);
  }

  /** What the next one to open a dirty file does. */
  recover(): void {
    this.#bytes = this.#bytes.subarray(0, this.#currentSize);
    this.#header(false);
  }

  /** All keys in order into a new file, which takes the name of the old one. */
  repack(): void {
    this.#replace(this.#generation + 1);
    this.#repackSize = this.#currentSize;
    this.#bytes = Buffer.concat([this.#bytes, this.#ending(0x24, this.#bytes.length)]);
    this.#currentSize = this.#bytes.length;
    this.#header(false);
  }

  /** recovery2(): a new file too, but not repacked; what it holds may be anything. */
  repair(changes: readonly Change[]): void {
    this.#replace(this.#generation + 1);
    this.#repackSize = 336;
    this.commit(...changes);
  }

  /** Another file under the name, such as out of a backup. */
  restore(changes: readonly Change[], generation: number): void {
    this.#records.clear();
    this.#replace(generation);
    this.#repackSize = 336;
    this.commit(...changes);
  }

  /** Another list in the same file, such as one copied over it. */
  rewrite(changes: readonly Change[]): void {
    this.#records.clear();
    this.#bytes = this.#fresh();
    this.commit(...changes);
  }

  /** A header that says one key more than there are. */
  miscount(): void {
    this.#header(false, 1);
  }

  /** Turns one bit round in the file that has the name now. */
  flip(byte: number, bit: number): void {
    this.#bytes = Buffer.from(this.#bytes);
    this.#bytes[byte] = (this.#bytes[byte] ?? 0) ^ (1 << bit);
  }

  truncate(size: number): void {
    this.#bytes = this.#bytes.subarray(0, size);
  }

  identify(): FileId {
    if (this.missing) throw new Error('no such file');
    return { dev: 1, ino: this.#ino };
  }

  open(): OpenList {
    const { dev, ino } = this.identify();
    this.opened += 1;
    // A file that was replaced stays as it was at the end.
    const bytes = (): Buffer => (this.#ino === ino ? this.#bytes : (this.#old.get(ino) ?? Buffer.alloc(0)));
    const read = (into: Buffer, length: number, position: number) =>
      bytes().copy(into, 0, position, Math.min(position + length, bytes().length));
    return {
      dev,
      ino,
      read,
      readSoon: (into, length, position) => Promise.resolve(read(into, length, position)),
      close: () => {
        this.opened -= 1;
      },
    };
  }

  #replace(generation: number): void {
    this.#old.set(this.#ino, this.#bytes);
    this.#ino += 1;
    this.#generation = generation;
    const kept = [...this.#records].sort(([a], [b]) => this.order(a, b));
    this.#records = new Map();
    this.#bytes = this.#fresh();
    for (const [key, { value }] of kept) this.#put(key, value);
    this.#currentSize = this.#bytes.length;
  }

  #append(changes: readonly Change[]): void {
    const start = this.#bytes.length;
    for (const { at } of this.#records.values()) if (this.#random() < 0.3) this.#rewriteHead(at);
    for (const { key, value } of changes) {
      if (this.#random() < 0.3) this.#bytes = Buffer.concat([this.#bytes, BLANK]);
      if (value !== undefined) this.#put(key, value);
      else this.#takeOut(key);
    }
    this.#bytes = Buffer.concat([this.#bytes, this.#ending(0x24, start)]);
  }

  #put(key: string, value: string): void {
    this.#records.set(key, { value, at: this.#bytes.length });
    this.#bytes = Buffer.concat([this.#bytes, this.#record(key, value)]);
  }

  #takeOut(key: string): void {
    if (!this.#records.delete(key)) return;
    const next = this.keys.find((other) => other > key);
    const at = next === undefined ? 0 : (this.#records.get(next)?.at ?? 0);
    this.#bytes = Buffer.concat([this.#bytes, this.#ending(0x2d, at)]);
  }

  #record(key: string, value: string): Buffer {
    const level = 1 + Math.floor(this.#random() * 4);
    const long = this.#random() < 0.1;
    const fixed = Buffer.alloc(8 + (long ? 16 : 0));
    fixed[0] = 0x2b;
    fixed[1] = level;
    fixed.writeUInt16BE(long ? 0xffff : key.length, 2);
    fixed.writeUInt32BE(long ? 0xffffffff : value.length, 4);
    if (long) {
      fixed.writeUInt32BE(key.length, 12);
      fixed.writeUInt32BE(value.length, 20);
    }
    const pointers = Buffer.from(Array.from({ length: 8 * (level + 1) }, () => this.#random() * 256));
    const text = Buffer.from(key + value, 'latin1');
    const tail = Buffer.concat([text, Buffer.alloc(-text.length & 7)]);
    const crcs = Buffer.alloc(8);
    crcs.writeUInt32BE(crc32(Buffer.concat([fixed, pointers])), 0);
    crcs.writeUInt32BE(crc32(tail), 4);
    return Buffer.concat([fixed, pointers, crcs, tail]);
  }

  /** As for each key that a new one follows. */
  #rewriteHead(at: number): void {
    const head =
      (this.#bytes.readUInt16BE(at + 2) === 0xffff ? 24 : 8) + 8 * ((this.#bytes[at + 1] ?? 0) + 1);
    this.#bytes = Buffer.from(this.#bytes);
    this.#bytes[at + head - 1] = this.#random() * 256;
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(at, at + head)), at + head);
  }

  #ending(type: number, pointer: number): Buffer {
    const bytes = Buffer.alloc(24);
    bytes[0] = type;
    bytes.writeUInt32BE(pointer, 12);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 16)), 16);
    bytes.writeUInt32BE(crc32(Buffer.alloc(0)), 20);
    return bytes;
  }

  #fresh(): Buffer {
    const dummy = Buffer.alloc(272);
    dummy[0] = 0x3d;
    dummy[1] = 31;
    return Buffer.concat([Buffer.alloc(64), dummy]);
  }

  #header(dirty: boolean, more = 0): void {
    const header = Buffer.alloc(64);
    MAGIC.copy(header);
    header.writeUInt32BE(1, 20);
    header.writeUInt32BE(this.#generation, 28);
    header.writeUInt32BE(Math.max(0, this.#records.size - (dirty ? 1 : 0)) + more, 36);
    header.writeUInt32BE(this.#repackSize, 44);
    header.writeUInt32BE(this.#currentSize, 52);
    header.writeUInt32BE(dirty ? 1 : 0, 56);
    header.writeUInt32BE(crc32(header.subarray(0, 60)), 60);
    this.#bytes = Buffer.concat([header, this.#bytes.subarray(64)]);
  }
}

/** The value of a user's entry in the layout of 3.6. */
export function entry(letters = 'e'): string {
  return `%(T ${letters} I uniqueid P default V 1 C 1 F 1 M 1 A %("some body" lrs anyone p))`;
}

/** The key of a user's INBOX in the layout of 3.6. */
export function inboxKey(local: string, domain?: string): string {
  return domain === undefined ? `Nuser\x1f${local}` : `N${domain}\x1duser\x1f${local}`;
}

export function inbox(local: string, domain?: string, letters?: string): Change {
  return { key: inboxKey(local, domain), value: entry(letters) };
}

export function gone({ key }: Change): Change {
  return { key, value: undefined };
}
