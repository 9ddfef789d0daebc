// Tells of an overload: that requests, or those who want to be accepted, wait for so long that mail servers feel it. One line
// when it begins, one for each minute that it lasts, and one when it is over. No I/O of its own, no timer: see sweep().
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/socketmap.js';

/** Who waits for us, and for how long. */
export type QueueState = {
  /** Connections whose requests are read and wait for a turn of the event loop. */
  readonly waiting: number;
  /** How long the first of them has waited. */
  readonly waitedMs: number;
  /** How long the connection that is accepted next may have waited to be accepted. */
  readonly acceptMs: number;
};

/** A wait that is worth a line. Sendmail waits 30 s, and the person who sends a letter a few. */
const OVERLOADED_MS = 1_000;
const LINE_EVERY_MS = 60_000;
/** It must be quiet for so long before the next overload counts as a new one. */
const QUIET_MS = 10_000;

export class OverloadLog {
  readonly #log: Log;
  #toldAt = 0;
  #lastAt = 0;
  #overloaded = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Called about once a second. */
  sweep(queue: QueueState, connections: number, now: number): void {
    const overloaded = Math.max(queue.waitedMs, queue.acceptMs) > OVERLOADED_MS;
    if (overloaded) this.#lastAt = now;
    if (overloaded && (!this.#overloaded || now - this.#toldAt >= LINE_EVERY_MS)) {
      this.#overloaded = true;
      this.#toldAt = now;
      verbs.overloaded(this.#log, { ...queue, connections });
    } else if (this.#overloaded && now - this.#lastAt >= QUIET_MS) {
      this.#overloaded = false;
      verbs.overloadOver(this.#log, { ...queue, connections });
    }
  }
}
