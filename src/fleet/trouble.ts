// What is wrong with one end of a stream: told in the log when it begins, when its reason changes, and when it is over; where it
// comes and goes, once in a minute. No I/O but the log.
import type { Log } from '../log/log.js';
import { fleetTrouble, fleetWell } from '../log/verbs/fleet.js';

/** Between two lines for the same reason. */
const AGAIN_MS = 60_000;

export class Trouble {
  readonly #log: Log;
  readonly #stream: string;
  readonly #role: 'publisher' | 'follower';
  readonly #now: () => number;
  readonly #told = new Map<string, number>();
  #reason: string | undefined;
  #telling = false;

  /** @param now monotonic milliseconds */
  constructor(log: Log, stream: string, role: 'publisher' | 'follower', now: () => number) {
    this.#log = log;
    this.#stream = stream;
    this.#role = role;
    this.#now = now;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** @returns whether a line was written */
  tell(reason: string): boolean {
    if (reason === this.#reason) return false;
    this.#reason = reason;
    const now = this.#now();
    for (const [each, at] of this.#told) if (now - at >= AGAIN_MS) this.#told.delete(each);
    if (this.#told.has(reason)) return false;
    this.#told.set(reason, now);
    this.#telling = true;
    fleetTrouble(this.#log, { stream: this.#stream, role: this.#role, reason });
    return true;
  }

  over(): void {
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    if (!this.#telling) return;
    this.#telling = false;
    fleetWell(this.#log, { stream: this.#stream, role: this.#role });
  }
}
