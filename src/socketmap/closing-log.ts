// Why we closed connections: each is counted, and logged without floods. The first of a kind is a line at once,
// those of the minute behind it are one line with their number. No I/O of its own, no timer: see sweep().
import type { Log } from '../log/log.js';
import { closed } from '../log/verbs/socketmap.js';

export type ClosingReason =
  /** Over max_connections, or outside socketmap.allow: closed as it was accepted. */
  | 'overLimit'
  | 'notAllowed'
  /** accept() failed, but not for want of file descriptors: see open-files.ts. */
  | 'notAccepted'
  /** Without a request for idle_timeout. */
  | 'idle'
  /** A request begun and not finished within request_timeout. */
  | 'slowRequest'
  /** Replies not taken within write_timeout. */
  | 'slowReader'
  | 'protocolError'
  /** A reply would have come after the mail server gave up. */
  | 'late'
  /** The process itself stood still: everything it found then. */
  | 'stalled'
  /** Our own mistake. */
  | 'failed';

/** What a line tells besides the reason. */
export type ClosingFields = {
  readonly endpoint: string;
  /** Counted from the start of the server; missing where it was never served. */
  readonly connection?: number;
  readonly peer?: string | undefined;
  readonly error?: string;
};

const LEVELS: { readonly [reason in ClosingReason]: 'debug' | 'info' | 'warn' | 'error' } = {
  overLimit: 'warn',
  notAllowed: 'warn',
  notAccepted: 'error',
  idle: 'debug',
  slowRequest: 'info',
  slowReader: 'info',
  protocolError: 'warn',
  late: 'warn',
  stalled: 'debug',
  failed: 'error',
};

const ROW_MS = 60_000;

type Row = { since: number; more: number; last: ClosingFields };

export class Closings {
  readonly #log: Log;
  readonly #rows = new Map<ClosingReason, Row>();
  readonly counts: { [reason in ClosingReason]: number } = {
    overLimit: 0,
    notAllowed: 0,
    notAccepted: 0,
    idle: 0,
    slowRequest: 0,
    slowReader: 0,
    protocolError: 0,
    late: 0,
    stalled: 0,
    failed: 0,
  };

  constructor(log: Log) {
    this.#log = log;
  }

  add(reason: ClosingReason, now: number, fields: ClosingFields): void {
    this.counts[reason] += 1;
    const row = this.#rows.get(reason);
    if (row === undefined) {
      this.#rows.set(reason, { since: now, more: 0, last: fields });
      closed.at(LEVELS[reason], this.#log, { reason, ...fields });
    } else {
      row.more += 1;
      row.last = fields;
    }
  }

  /** Called about once a second: ends the minutes that are over. */
  sweep(now: number): void {
    for (const [reason, row] of this.#rows) {
      if (now - row.since < ROW_MS) continue;
      if (row.more === 0) {
        this.#rows.delete(reason);
        continue;
      }
      closed.at(LEVELS[reason], this.#log, { reason, more: row.more, ...row.last });
      row.since = now;
      row.more = 0;
    }
  }
}
