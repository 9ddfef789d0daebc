// How long an answer of Cyrus may be believed at most, even while the proof of the back-channel holds. Types and defaults; no I/O.

/** A "no" is remembered no longer than this, whatever is configured: the mailbox may be created the next moment. */
export const NEGATIVE_TTL_MAX_MS = 300_000;

/** All in milliseconds. They are upper bounds: the proof of a back-channel may outdate an entry at any time. */
export type Belief = {
  readonly knownMs: number;
  /** After so long a known mailbox is asked about again, in the background: its quota may have changed. */
  readonly freshMs: number;
  /** For unknown and refused mailboxes, where the proof would tell us of a change; at most NEGATIVE_TTL_MAX_MS. */
  readonly negativeMs: number;
  /** For unknown and refused mailboxes, where nothing would tell us of a change: 0 unless the administrator wants more. */
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
