// An LRU store of small numbers by name, spread over many small lru-caches (shards). A Map that grows copies itself: in one Map
// with a million names that would hold up every lookup for tens of milliseconds. No I/O.
import { LRUCache } from 'lru-cache';

/** So many names are copied in well under a millisecond, and lru-cache needs only 16 bits for each of its links. */
const SHARD_NAMES = 16_384;

export class ShardedLru {
  /** Each shard is made when its first name comes: to make all at once would hold up the start. */
  readonly #shards: (LRUCache<string, number> | undefined)[];
  readonly #room: number;
  /** The last name that was not found: who has to ask Cyrus looks for the same name several times. */
  #absent: string | undefined;
  /** How many names were pushed out by others. */
  evictions = 0;
  #isEmpty = true;

  /** @param max how many names, roughly: they are spread by a hash, so each shard has room for a few more than its share */
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

  /** Whether it never held a name since it was made or cleared, which is quickly told. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Whether a new name would push another one out. */
  isFullFor(name: string): boolean {
    const shard = this.#shardOf(name);
    return shard !== undefined && shard.size >= shard.max;
  }

  get(name: string): number | undefined {
    if (name === this.#absent) return undefined;
    const value = this.#shardOf(name)?.get(name);
    if (value === undefined) this.#absent = name;
    return value;
  }

  /** Reads a number without counting that as a use of the name. */
  peek(name: string): number | undefined {
    return name === this.#absent ? undefined : this.#shardOf(name)?.peek(name);
  }

  has(name: string): boolean {
    return this.#shardOf(name)?.has(name) === true;
  }

  set(name: string, value: number): void {
    this.#absent = undefined;
    this.#isEmpty = false;
    const shard = (this.#shards[this.#indexOf(name)] ??= new LRUCache<string, number>({ max: this.#room }));
    const { size } = shard;
    if (size === shard.max && !shard.has(name)) this.evictions += 1;
    shard.set(name, value);
  }

  delete(name: string): void {
    if (name !== this.#absent) this.#shardOf(name)?.delete(name);
  }

  clear(): void {
    // The clear() of lru-cache takes long even where the cache is empty, so it is not called then.
    for (const shard of this.#shards) if (shard !== undefined && shard.size > 0) shard.clear();
    this.#isEmpty = true;
  }

  /** All names: shard by shard, and in each the most recently used first. */
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
