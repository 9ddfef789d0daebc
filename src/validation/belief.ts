// How long what Cyrus said may be believed at most, whatever the proof says of it. Types and defaults; no I/O.

/** Longest life of a negative entry, whatever is configured: a mailbox may be created the next moment. */
export const NEGATIVE_TTL_MAX_MS = 300_000;

/** In milliseconds; upper bounds, since the proof of a back-channel may outdate an entry at any time. */
export type Belief = {
  readonly knownMs: number;
  /** After so long a known mailbox is asked about again, in the background: its quota may have changed. */
  readonly freshMs: number;
  /** Unknown and refused, where the proof would tell of their end; at most NEGATIVE_TTL_MAX_MS. */
  readonly negativeMs: number;
  /** Unknown and refused where nothing would tell: 0 unless the administrator wants it. */
  readonly unprovenNegativeMs: number;
  readonly overQuotaMs: number;
  /** How long a known mailbox is served, at most, while Cyrus cannot be asked. */
  readonly staleMs: number;
};

export const DEFAULT_BELIEF: Belief = Object.freeze({
  knownMs: 60_000,
  freshMs: 60_000,
  negativeMs: 10_000,
  unprovenNegativeMs: 0,
  overQuotaMs: 30_000,
  staleMs: 86_400_000,
});
