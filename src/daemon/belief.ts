// How long an answer of a back-channel is believed at most: the table in docs/freshness.md as a function. With events Cyrus would
// have told of a change; there is a bound all the same, since the channel of events may have died silently. No I/O.
import type { CacheConfig, EventsConfig } from '../config/config.js';
import type { Belief } from '../validation/belief.js';

/** The lifetime of a "no" where a proof would tell of its end, and negative_ttl is not configured. */
const NEGATIVE_TTL_MS = 10_000;

/** So many snapshots may pass without a mailbox before it is not believed any more: one of them may fail. */
const SNAPSHOTS_MISSED_MAX = 2;

type Lifetimes = Pick<
  CacheConfig,
  'knownTtlMs' | 'negativeTtlMs' | 'overQuotaTtlMs' | 'serveStaleMs' | 'snapshotIntervalMs'
>;

/** What is known of who tells of changes. */
type Pushed = Pick<EventsConfig, 'quota' | 'negativeTtlMs'> & {
  /** Of a "no" while nothing would tell of its end; the same as elsewhere where it is not said. */
  readonly unprovenNegativeMs?: number;
};

/**
 * Of changes that another daemon tells: it is told of mailboxes only. A "no" is remembered only if the operator wants it, since the
 * other daemon may be killed: then nobody tells of a new mailbox before the lease is over. Without a lease it never is.
 */
export function toldByFleet({ negativeTtlMs = 0 }: Lifetimes): Pushed {
  return { quota: false, negativeTtlMs, unprovenNegativeMs: 0 };
}

/**
 * @param events where the Cyrus of the back-channel pushes them, or another daemon tells of its changes
 * @param listed whether snapshots are taken
 */
export function beliefOf(cache: Lifetimes, events: Pushed | undefined, listed: boolean): Belief {
  const { knownTtlMs, overQuotaTtlMs: overQuotaMs, serveStaleMs: staleMs } = cache;
  const unprovenNegativeMs = events?.unprovenNegativeMs ?? cache.negativeTtlMs ?? 0;
  const both = { unprovenNegativeMs, overQuotaMs, staleMs };
  if (events === undefined) {
    const negativeMs = cache.negativeTtlMs ?? NEGATIVE_TTL_MS;
    return { ...both, knownMs: knownTtlMs, freshMs: knownTtlMs, negativeMs };
  }
  return {
    ...both,
    // Each snapshot confirms a mailbox or drops it. Where none is taken, nothing but this bound would end it.
    knownMs: listed ? SNAPSHOTS_MISSED_MAX * cache.snapshotIntervalMs : cache.snapshotIntervalMs,
    // Without events about quota, a mailbox in use is asked about again in the background.
    freshMs: events.quota ? Number.POSITIVE_INFINITY : knownTtlMs,
    negativeMs: events.negativeTtlMs,
  };
}
