// How long what Cyrus said is believed: the one function, and the table of the README. With events Cyrus would have
// told of a change; that the channel may have died silently bounds it all the same. No I/O.
import type { CacheConfig, EventsConfig } from '../config/config.js';
import type { Belief } from '../validation/verdict-cache.js';

/** One snapshot may fail. */
const SNAPSHOTS_MISSED_MAX = 2;

/**
 * @param events where Cyrus pushes them: the listener is open
 * @param listed whether snapshots are taken
 */
export function beliefOf(cache: CacheConfig, events: EventsConfig | undefined, listed: boolean): Belief {
  const { knownTtlMs, negativeTtlMs, overQuotaTtlMs: overQuotaMs, serveStaleMs: staleMs } = cache;
  if (events === undefined) {
    return { knownMs: knownTtlMs, freshMs: knownTtlMs, negativeMs: negativeTtlMs, overQuotaMs, staleMs };
  }
  return {
    // Confirmed or dropped by each snapshot. Where none is taken nothing else would end it.
    knownMs: listed ? SNAPSHOTS_MISSED_MAX * cache.snapshotIntervalMs : cache.snapshotIntervalMs,
    // Without events about quota, a mailbox in use is asked about again in the background.
    freshMs: events.quota ? Number.POSITIVE_INFINITY : knownTtlMs,
    negativeMs: events.negativeTtlMs,
    overQuotaMs,
    staleMs,
  };
}
