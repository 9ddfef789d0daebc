// How long whoever is accepted may have been connected: the kernel does not tell, and a connection's first question may be
// as old. Connections are accepted in the order in which they came, and at least one a turn of the loop: so what comes
// after a whole turn without any is new, and whoever is accepted after as many as the queue can hold came later than the
// first of those was accepted. No I/O.
import type { Arrival } from './inbox.js';

export class AcceptQueue {
  readonly #capacity: number;
  /** Of whoever waits: undefined while nobody does. */
  #since: Arrival | undefined;
  #acceptedInTurn = false;
  #watching = false;
  /** When all that wait from then on are accepted after so many more. */
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

  /** How long whoever waits to be accepted may have waited. */
  waitedMs(now: number): number {
    return this.#since === undefined ? 0 : now - this.#since.noticed;
  }

  /** The process stood still from then on: whoever came meanwhile waits in the queue. */
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
    setImmediate(() => this.#endOfTurn());
  }

  #endOfTurn(): void {
    if (this.#acceptedInTurn) {
      this.#acceptedInTurn = false;
      setImmediate(() => this.#endOfTurn());
    } else {
      this.#since = undefined;
      this.#watching = false;
    }
  }
}
