// The known store in lines, as it is kept in the state file and handed over at a takeover: when a mailbox was confirmed
// (seconds since 1970), by which back-channel, and its name. No I/O.
import type { Snapshot } from '../validation/snapshot.js';
import type { VerdictCache } from '../validation/verdict-cache.js';

export type Clocks = {
  /** Monotonic milliseconds, as the cache counts. */
  readonly now: () => number;
  /** Milliseconds since 1970: the only clock that two processes share. */
  readonly wallClock: () => number;
};

const LINE = /^(\d{1,12}) ([A-Za-z0-9_-]{0,32}) ([\x21-\x7e]{1,2048})$/;
/** How many names are in a portion, which takes less than a millisecond. */
const STEP = 2_000;

/** The least recently used come first, since they must be read back in that order. In portions, without line ends. */
export function* knownLines(cache: VerdictCache, clocks: Clocks): Generator<readonly string[]> {
  const wall = clocks.wallClock() - clocks.now();
  const mailboxes = cache.knownMailboxes().reverse();
  for (let from = 0; from < mailboxes.length; from += STEP) {
    yield mailboxes.slice(from, from + STEP).flatMap((mailbox) => {
      const confirmed = cache.confirmed(mailbox);
      if (confirmed === undefined) return [];
      return [`${Math.floor((wall + confirmed.at) / 1000)} ${confirmed.voucher.name} ${mailbox}`];
    });
  }
}

/** A line that is not of this form is left out. */
export function restoreLine(line: string, snapshot: Snapshot, { now, wallClock }: Clocks): void {
  const match = LINE.exec(line);
  if (match === null) return;
  const [, seconds, name = '', mailbox = ''] = match;
  // Where the clock was set back, nothing may count as confirmed later than now.
  const confirmed = Math.min(now(), now() - wallClock() + Number(seconds) * 1000);
  snapshot.restore(mailbox, confirmed, name);
}
