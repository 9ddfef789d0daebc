// Proof of currency: whether what Cyrus said at a time may still be believed now. One for each back-channel; the clock of
// the mailbox list, events, a lease and plain age are proofs. The interface only, no I/O here.
import type { Recipient } from './recipient.js';

/** What our copy of the mailbox list says of a recipient; undefined where only Cyrus can tell. */
export type Listing = 'listed' | 'unlisted' | undefined;

/** Whether what Cyrus said at a time may still be believed now. One for each back-channel. */
export type Proof = {
  /**
   * Looks whether Cyrus has changed anything. It is called after a request was read, and before anything is believed for it.
   * @param now monotonic milliseconds
   * @returns the floor, a monotonic time in milliseconds: what was asked before it is outdated. `-Infinity`: nothing is
   *   outdated; `+Infinity`: nothing may be believed now
   */
  floor(now: number): number;
  /** Says in a few words, for people, what kind of proof it is and whether it works now. */
  describe(): string;
  /** Whether a "no" that was asked for after the floor may be remembered, because something would tell us of a change. */
  readonly vouchesForUnknown: boolean;
  /** Whether an "unknown" must be deferred now, since Cyrus denies every mailbox while its mailbox list is missing or empty. */
  readonly deferUnknown: boolean;
  /**
   * The time since which we have read every commit to the mailbox list, up to the last floor. A mailbox that existed at some time
   * after it and does not exist now was deleted by a commit. Monotonic milliseconds; undefined where commits are not read.
   */
  readonly followedSince?: number | undefined;
  /**
   * Tells the proof that it missed a change: a mailbox came or went, though its older answer was not outdated by the floor.
   * @param asked when the older question was asked, in monotonic milliseconds
   */
  contradicted?(asked: number): void;
  /** What our copy of the mailbox list says, if this proof has one. Call it after `floor`, for the same request. */
  listing?(recipient: Recipient): Listing;
};
