// Estimates how long a connection may have waited in the kernel before it was accepted, since its first question may be as old
// and the kernel does not tell. Connections are accepted in the order in which they came, at least one in each turn of the
// event loop. So one that comes after a turn without any is new; and one that is accepted after as many others as the queue
// can hold has come later than the moment at which the first of those was accepted. No I/O.
import type { Arrival } from './inbox.js';

export class AcceptQueue {
  readonly #capacity: number;
  /** Since when those who wait may have been connected; undefined while nobody waits. */
  #since: Arrival | undefined;
  #acceptedInTurn = false;
  #watching = false;
  /** Who is accepted after `#left` more was not in the queue yet at this time, so it came later. */
  #checkpoint = 0;
  #left = 0;

  /** @param backlog how many the kernel keeps waiting; it may keep one more */
  constructor(backlog: number) {
    this.#capacity = backlog + 1;
  }

  /**
   * Called for each connection as it is accepted.
   * @param earliest when it may have come, if nobody waited before it
   * @returns when it may have come, if it waited behind others; undefined where it is new
   */
  accepted(now: number, earliest: number): Arrival | undefined {
    const since = this.#since;
    this.#acceptedInTurn = true;
    if (since === undefined) {
      this.#begin({ earliest, noticed: now }, now);
      return undefined;
    }
    this.#left -= 1;
    if (this.#left === 0) {
      this.#begin({ earliest: this.#checkpoint, noticed: this.#checkpoint }, now);
    }
    return since;
  }

  /** How long those who wait to be accepted may have waited, at most. */
  waitedMs(now: number): number {
    return this.#since === undefined ? 0 : now - this.#since.noticed;
  }

  /** The process has stood still since then: whoever came meanwhile waits in the queue. */
  stoodStill(since: number, now: number): void {
    this.#acceptedInTurn = true;
    this.#begin({ earliest: since, noticed: since }, now);
  }

  #begin(since: Arrival, now: number): void {
    this.#since = since;
    this.#checkpoint = now;
    this.#left = this.#capacity;
    if (this.#watching) return;
    this.#watching = true;
    setImmediate(this.#endOfTurn);
  }

  readonly #endOfTurn = (): void => {
    if (this.#acceptedInTurn) {
      this.#acceptedInTurn = false;
      setImmediate(this.#endOfTurn);
    } else {
      this.#since = undefined;
      this.#watching = false;
    }
  };
}
