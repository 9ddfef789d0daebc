// How long what Cyrus said is believed: the one function, and the table of the README. With events Cyrus would have
// told of a change; that the channel may have died silently bounds it all the same. No I/O.
import type { Config } from './config.js';
import type { Belief } from './validation/verdict-cache.js';

/** A mailbox is confirmed or dropped by each snapshot; one may fail. */
const SNAPSHOTS_MISSED_MAX = 2;

export function beliefOf({ cache, events }: Config): Belief {
  const { knownTtlMs, negativeTtlMs, overQuotaTtlMs: overQuotaMs, serveStaleMs: staleMs } = cache;
  if (events === undefined) {
    return { knownMs: knownTtlMs, freshMs: knownTtlMs, negativeMs: negativeTtlMs, overQuotaMs, staleMs };
  }
  return {
    knownMs: SNAPSHOTS_MISSED_MAX * cache.snapshotIntervalMs,
    // Without events about quota, a mailbox in use is asked about again in the background.
    freshMs: events.quota ? Number.POSITIVE_INFINITY : knownTtlMs,
    negativeMs: events.negativeTtlMs,
    overQuotaMs,
    staleMs,
  };
}
