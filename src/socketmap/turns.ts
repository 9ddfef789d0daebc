// Who is served in this turn of the event loop, and who waits for the next: behind everything that the turn has read, in one
// go, so that it is looked once for all whether Cyrus has changed; and with a budget of time for all connections together, so
// that accepting, Cyrus' answers and its events are never far. Who has asked least of late comes first; one in four is whoever
// has waited longest, so that all are served at last. No I/O.
import { Fifo } from './fifo.js';

/** Time for a few hundred requests. A new connection waits for as long, since the event loop accepts one in each turn. */
const TURN_BUDGET_MS = 2;
/** The budget while connections come, so that they are accepted faster. */
const HURRIED_BUDGET_MS = 1;

/** Those who wait are sorted by how much they asked lately, in powers of two. */
const LEVELS = 12;
const OLDEST_EVERY = 4;
/** What it costs to ask Cyrus and to read its answer, counted in known answers: for a connection's fair share of a turn. */
export const ASKING_COST = 8;
/** The least share of a turn, in the same unit. */
const FIRST_SHARE = 16;

export interface Waiter {
  /** How many requests came lately without the answer to the one before: halved each second. */
  readonly recent: number;
  /** Since when it has waited for its turn. */
  readonly waitingSince: number;
  /** Called when it has its turn, which may take a fraction of the budget. */
  serveTurn(now: number): void;
}

export class Turns {
  readonly #now: () => number;
  /** On each level they stand in the order in which they came. */
  readonly #levels = Array.from({ length: LEVELS }, () => new Fifo<Waiter>());
  #size = 0;
  /** Those whose requests were read in this turn, while nobody waited. */
  #ready = new Set<Waiter>();
  /** The set of the turn before, which is used again. */
  #spare = new Set<Waiter>();
  #ends = false;
  #hurried = false;
  #served = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many requests it may have answered now. Where others wait: few for who has not pipelined of late, since who has waits longer. */
  shareOf({ recent }: Waiter, atMost: number): number {
    return this.#size === 0 ? atMost : Math.min(atMost, FIRST_SHARE + recent);
  }

  /** Its request was read just now: it is served at the end of this turn, where nobody waits and the budget allows it. */
  offer(waiter: Waiter): void {
    if (this.#size > 0) return this.add(waiter);
    this.#ready.add(waiter);
    this.#endTurn();
  }

  /** It waits for its turn; where it waits already, it keeps its place. */
  add(waiter: Waiter): void {
    if (this.#ready.has(waiter) || this.#waits(waiter)) return;
    this.#levels[levelOf(waiter.recent)]?.add(waiter);
    this.#size += 1;
    this.#endTurn();
  }

  /** It waits no more, if it did. */
  delete(waiter: Waiter): void {
    this.#ready.delete(waiter);
    if (this.#size === 0) return;
    for (const level of this.#levels) if (level.delete(waiter)) this.#size -= 1;
  }

  #waits(waiter: Waiter): boolean {
    return this.#size > 0 && this.#levels.some((level) => level.has(waiter));
  }

  /** Somebody came: this turn and the next are short, since more may wait to be accepted. */
  hurry(): void {
    this.#hurried = true;
    this.#endTurn();
  }

  /** How long the one that has waited longest has waited, in milliseconds. */
  waitedMs(now: number): number {
    const oldest = this.#oldest();
    return oldest === undefined ? 0 : now - oldest.waitingSince;
  }

  #endTurn(): void {
    if (this.#ends) return;
    this.#ends = true;
    setImmediate(this.#serve);
  }

  /** Serves as many as the budget allows, but at least one. Who is served as ready, and has more, may be served as a waiter, too. */
  readonly #serve = (): void => {
    this.#ends = false;
    let now = this.#now();
    const end = now + (this.#hurried ? HURRIED_BUDGET_MS : TURN_BUDGET_MS);
    this.#hurried = false;
    const ready = this.#ready;
    this.#ready = this.#spare;
    this.#spare = ready;
    for (const waiter of ready) {
      if (now >= end) {
        this.add(waiter);
        continue;
      }
      waiter.serveTurn(now);
      now = this.#now();
    }
    ready.clear();
    for (let left = this.#size; left > 0 && now < end; left--) {
      const next = this.#next();
      if (next === undefined) break;
      this.delete(next);
      next.serveTurn(now);
      now = this.#now();
    }
    if (this.#size > 0) this.#endTurn();
  };

  #next(): Waiter | undefined {
    this.#served += 1;
    if (this.#served % OLDEST_EVERY === 0) return this.#oldest();
    return this.#levels[this.#idlest()]?.first();
  }

  #idlest(): number {
    return this.#levels.findIndex(({ size }) => size > 0);
  }

  #oldest(): Waiter | undefined {
    let oldest: Waiter | undefined;
    for (const level of this.#levels) {
      const waiter = level.first();
      if (waiter === undefined) continue;
      if (oldest === undefined || waiter.waitingSince < oldest.waitingSince) oldest = waiter;
    }
    return oldest;
  }
}

function levelOf(recent: number): number {
  return Math.min(LEVELS - 1, 32 - Math.clz32(recent));
}
