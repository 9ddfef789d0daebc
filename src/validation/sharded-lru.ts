// An LRU store of small numbers by name, in as many lru-caches as keep each small. A Map that grows copies itself: at a
// million names that would hold up every lookup for tens of milliseconds. No I/O.
import { LRUCache } from 'lru-cache';

/** Copied in well under a millisecond; and lru-cache links so few with 16 bits. */
const SHARD_NAMES = 16_384;

export class ShardedLru {
  /** Each is made when its first name comes: all at once they would hold up the start. */
  readonly #shards: (LRUCache<string, number> | undefined)[];
  readonly #room: number;
  /** Names that were pushed out by others. */
  evictions = 0;

  /** @param max names, roughly: they are spread by chance, and a shard may have to hold a few more than its share */
  constructor(max: number) {
    const count = 2 ** Math.max(0, Math.ceil(Math.log2(max / SHARD_NAMES)));
    const share = Math.ceil(max / count);
    this.#room = count === 1 ? share : share + Math.ceil(5 * Math.sqrt(share));
    this.#shards = Array.from({ length: count }, () => undefined);
  }

  get size(): number {
    let size = 0;
    for (const shard of this.#shards) size += shard?.size ?? 0;
    return size;
  }

  /** Whether a new name would push another one out. */
  isFullFor(name: string): boolean {
    const shard = this.#shardOf(name);
    return shard !== undefined && shard.size >= shard.max;
  }

  get(name: string): number | undefined {
    return this.#shardOf(name)?.get(name);
  }

  /** Without being used by that. */
  peek(name: string): number | undefined {
    return this.#shardOf(name)?.peek(name);
  }

  has(name: string): boolean {
    return this.#shardOf(name)?.has(name) === true;
  }

  set(name: string, value: number): void {
    const shard = (this.#shards[this.#indexOf(name)] ??= new LRUCache<string, number>({ max: this.#room }));
    const { size } = shard;
    if (size === shard.max && !shard.has(name)) this.evictions += 1;
    shard.set(name, value);
  }

  delete(name: string): void {
    this.#shardOf(name)?.delete(name);
  }

  clear(): void {
    // That of lru-cache takes its time even where nothing is there.
    for (const shard of this.#shards) if (shard !== undefined && shard.size > 0) shard.clear();
  }

  /** Of each shard, most recently used first. */
  keys(): string[] {
    return this.#shards.flatMap((shard) => (shard === undefined ? [] : Array.from(shard.keys())));
  }

  #shardOf(name: string): LRUCache<string, number> | undefined {
    return this.#shards[this.#indexOf(name)];
  }

  #indexOf(name: string): number {
    const { length } = this.#shards;
    return length === 1 ? 0 : hash(name) & (length - 1);
  }
}

/** FNV-1a, with the high bits folded into the low ones. */
function hash(name: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) sum = Math.imul(sum ^ name.charCodeAt(i), 0x01000193);
  return sum ^ (sum >>> 15);
}
