// Connections that send a request in tiny pieces, or were ended by their own fault. To read a byte or a FIN costs as much as to read
// a whole request. So the former are read again only after a pause, which doubles with each piece, and of all only so many in a
// moment: others never wait for them. An honest mail server writes a request at once. Its timer runs only while there are any.
// No other I/O.
import { Fifo } from './fifo.js';

/** A piece of a request is tiny below so many bytes: less than the smallest segment of TCP over IPv4. */
export const TINY_PIECE_BYTES = 512;
/** So many tiny pieces of a request, beyond its first piece, are read as they come. */
export const TINY_PIECES = 1;

/** So often some are read again, and so many of them: about a tenth of the time of one core, 5 000 in a second. */
const TICK_MS = 5;
const READ_IN_TICK = 25;

/** The pauses: none, the first, 50 ms, and how often it doubles. The longest, 0.8 s, is far below the deadline of a lookup. */
const FIRST_PAUSE_TICKS = 10;
const DOUBLINGS = 4;

export interface Dripping {
  /** It may be read again. */
  readAgain(now: number): void;
}

export class Drips {
  readonly #now: () => number;
  /** By the length of their pause; in each, in the order in which they are due. */
  readonly #pauses = Array.from({ length: DOUBLINGS + 2 }, () => new Fifo<Dripping>());
  /** The tick at which each is due. */
  readonly #due = new Map<Dripping, number>();
  #tick = 0;
  #armed = false;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many are not read at this moment. */
  get size(): number {
    return this.#due.size;
  }

  /**
   * It is read no further: it is told when it may be. Where it waits already, it waits anew.
   * @param pieces how many tiny pieces of this request came, beyond those that are read as they come; with none it only waits for
   * those before it
   */
  add(dripping: Dripping, pieces: number): void {
    this.delete(dripping);
    const level = Math.min(DOUBLINGS + 1, pieces);
    this.#pauses[level]?.add(dripping);
    this.#due.set(dripping, this.#tick + (level === 0 ? 0 : FIRST_PAUSE_TICKS * 2 ** (level - 1)));
    this.#arm();
  }

  /** It is closed, or its request is whole. */
  delete(dripping: Dripping): void {
    if (!this.#due.delete(dripping)) return;
    for (const pause of this.#pauses) if (pause.delete(dripping)) return;
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setTimeout(() => this.#readSome(), TICK_MS);
  }

  #readSome(): void {
    this.#armed = false;
    this.#tick += 1;
    const now = this.#now();
    for (let left = READ_IN_TICK; left > 0; left--) {
      const next = this.#nextDue();
      if (next === undefined) break;
      this.delete(next);
      next.readAgain(now);
    }
    if (this.size > 0) this.#arm();
  }

  /** Who should have been read again first. */
  #nextDue(): Dripping | undefined {
    let next: Dripping | undefined;
    let earliest = this.#tick;
    for (const pause of this.#pauses) {
      const first = pause.first();
      const due = first === undefined ? Infinity : (this.#due.get(first) ?? Infinity);
      if (due <= earliest) [next, earliest] = [first, due];
    }
    return next;
  }
}
