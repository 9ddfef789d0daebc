// Packs an entry of the cache into one small integer, so that a million entries need no objects: the time of the question in
// ticks, what is known, and the number of the back-channel that said so. No I/O.

/** The time of a question is rounded to so many milliseconds: downwards, so that no entry seems younger than it is. */
const TICK_MS = 100;
/** What an earlier process confirmed has a time before our start. This is longer than `serve_stale` may be. */
const BEFORE_START_MS = 8 * 86_400_000;
/** V8 keeps integers of 32 bits without an object. After 140 days of uptime entries are larger, and each costs an object. */
const LEAST = -(2 ** 31);
const STATES = 4;

/** Known: Cyrus confirmed it. */
export const CONFIRMED = 0;
/** Known: Cyrus said that it is over its quota. */
export const OVER_QUOTA = 1;
/** Known: a snapshot listed it. It exists; we do not know whether it is over its quota. */
export const FROM_LIST = 2;
/** Known: an earlier process knew it. It is served only while Cyrus cannot be asked. */
export const RESTORED = 3;
/** Negative: Cyrus denied it. */
export const DENIED = 0;
/** Negative: it is a shared mailbox to which the sender may not post. */
export const NOT_PERMITTED = 1;

/** The names of these states, by their numbers. */
export const KNOWN_STATES = ['confirmed', 'over quota', 'listed', 'restored'];
export const NEGATIVE_STATES = ['unknown', 'refused'];

export class EntryCodec {
  readonly #origin: number;
  readonly #owners: number;
  readonly #shift: number;
  /** By how much an entry grows with each tick. */
  readonly #tick: number;

  /**
   * @param now monotonic milliseconds of the start; later times are counted from it
   * @param ownersMax a power of two: how many owners can be told apart
   */
  constructor(now: number, ownersMax: number) {
    this.#origin = now - BEFORE_START_MS;
    this.#owners = ownersMax - 1;
    this.#shift = Math.log2(ownersMax);
    this.#tick = STATES * ownersMax;
  }

  /** Whether a time is too old to be kept. */
  isTooOld(time: number): boolean {
    return time < this.#origin;
  }

  encode(time: number, state: number, owner: number): number {
    return LEAST + Math.floor((time - this.#origin) / TICK_MS) * this.#tick + (state << this.#shift) + owner;
  }

  /** When the question was asked, rounded down to a tick. Division, not a shift: there may be more than 32 bits. */
  time(entry: number): number {
    return this.#origin + Math.floor((entry - LEAST) / this.#tick) * TICK_MS;
  }

  state(entry: number): number {
    return (entry >> this.#shift) & (STATES - 1);
  }

  owner(entry: number): number {
    return entry & this.#owners;
  }

  /** The time that is left of a time when it is stored in an entry. */
  rounded(time: number): number {
    return this.time(this.encode(time, 0, 0));
  }
}
