// How long what a back-channel said is believed at most: the one function, and the table of the README. With events Cyrus
// would have told of a change; that the channel may have died silently bounds it all the same. No I/O.
import type { CacheConfig, EventsConfig } from '../config/config.js';
import type { Belief } from '../validation/belief.js';

/** Of a "no" whose end something would tell of, where none is configured. */
const NEGATIVE_TTL_MS = 10_000;

/** One snapshot may fail. */
const SNAPSHOTS_MISSED_MAX = 2;

/**
 * @param events where the Cyrus of the back-channel pushes them
 * @param listed whether snapshots are taken
 */
export function beliefOf(cache: CacheConfig, events: EventsConfig | undefined, listed: boolean): Belief {
  const { knownTtlMs, overQuotaTtlMs: overQuotaMs, serveStaleMs: staleMs } = cache;
  const both = { unprovenNegativeMs: cache.negativeTtlMs ?? 0, overQuotaMs, staleMs };
  if (events === undefined) {
    const negativeMs = cache.negativeTtlMs ?? NEGATIVE_TTL_MS;
    return { ...both, knownMs: knownTtlMs, freshMs: knownTtlMs, negativeMs };
  }
  return {
    ...both,
    // Confirmed or dropped by each snapshot. Where none is taken nothing else would end it.
    knownMs: listed ? SNAPSHOTS_MISSED_MAX * cache.snapshotIntervalMs : cache.snapshotIntervalMs,
    // Without events about quota, a mailbox in use is asked about again in the background.
    freshMs: events.quota ? Number.POSITIVE_INFINITY : knownTtlMs,
    negativeMs: events.negativeTtlMs,
  };
}
