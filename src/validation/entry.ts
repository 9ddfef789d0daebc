// An entry of the stores in one small integer, so that a million of them cost no objects: the time of the question in
// ticks, what is known, and whose word it is. No I/O.

/** The time of a question is rounded down to so much, so that nothing seems younger than it is. */
export const TICK_MS = 100;
/** What an earlier process confirmed has a time too: longer than `serve_stale` may be. */
const BEFORE_START_MS = 8 * 86_400_000;
/** V8 keeps integers of 32 bits without an object. Later entries cost one, after 140 days of uptime. */
const LEAST = -(2 ** 31);
const STATES = 4;

/** Known: Cyrus confirmed it. */
export const CONFIRMED = 0;
/** Known: over its quota. */
export const OVER_QUOTA = 1;
/** Known: stood in a snapshot. It exists, its quota is unknown. */
export const FROM_LIST = 2;
/** Known: to an earlier process. Served only while Cyrus cannot be asked. */
export const RESTORED = 3;
/** Negative: Cyrus denied it. */
export const DENIED = 0;
/** Negative: a shared mailbox that the sender may not post to. */
export const NOT_PERMITTED = 1;

/** In words, by the number. */
export const KNOWN_STATES = ['confirmed', 'over quota', 'listed', 'restored'];
export const NEGATIVE_STATES = ['unknown', 'refused'];

export class EntryCodec {
  readonly #origin: number;
  readonly #owners: number;
  readonly #shift: number;
  /** Entries in a tick. */
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

  /** A time as it would be kept. */
  rounded(time: number): number {
    return this.time(this.encode(time, 0, 0));
  }
}
