// Writes gaps to the log: one line for the first, and then at most one line in a minute, so that a stranger cannot fill the disk.
// No other I/O.
import type { Log } from '../../log/log.js';
import { eventGap } from '../../log/verbs/events.js';

/** How many milliseconds must be between two lines. */
const GAP_LOG_MS = 60_000;

export class GapLog {
  readonly #log: Log;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  add(reason: string): void {
    this.count += 1;
    this.#since += 1;
    if (this.#timer === undefined) this.#tell(reason);
  }

  #tell(reason: string): void {
    eventGap(this.#log, { reason, gaps: this.#since });
    this.#since = 0;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#since > 0) this.#tell('more events of this kind');
    }, GAP_LOG_MS).unref();
  }
}
