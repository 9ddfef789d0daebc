// Proof of currency: whether what Cyrus said at a time may still be believed now. One for each back-channel; the clock of
// the mailbox list, events, a lease and plain age are proofs. The interface only, no I/O here.
import type { Recipient } from './recipient.js';

/** What a list of mailboxes says that is held under a proof; undefined where only Cyrus can tell. */
export type Listing = 'listed' | 'unlisted' | undefined;

/** Whether what Cyrus said at a time may still be believed now. One for each back-channel. */
export type Proof = {
  /**
   * Looks anew where that costs something. Called after a request was read, and before anything is believed for it.
   * @param now monotonic milliseconds
   * @returns the floor: what was asked before that time (monotonic milliseconds) is outdated. `-Infinity`: nothing is;
   *   `+Infinity`: nothing may be believed now
   */
  floor(now: number): number;
  /** In a few words, for people: what it is, and how it stands. */
  describe(): string;
  /** Whether a "no" asked after the floor may be remembered: something would tell of its end. */
  readonly vouchesForUnknown: boolean;
  /** Whether an unknown must be deferred just now, since a missing or empty mailbox list makes everybody unknown. */
  readonly deferUnknown: boolean;
  /**
   * Since when each commit to the mailbox list was read, up to the last floor: whoever was there since then and is not now
   * was deleted, though perhaps not by name. Monotonic milliseconds; undefined where commits are not read.
   */
  readonly followedSince?: number | undefined;
  /**
   * Existence of a mailbox was found changed (known to unknown, or the other way) while its entry was above the floor.
   * @param asked monotonic milliseconds of the older question
   */
  contradicted?(asked: number): void;
  /** What the list says that is held under it, if one is. To be asked after `floor`, for the same request. */
  listing?(recipient: Recipient): Listing;
};
