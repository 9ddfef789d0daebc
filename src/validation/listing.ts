// What a list of mailboxes says that is held under a proof, as a verdict: believed like what Cyrus said, and not remembered,
// since the list is at hand. No I/O.
import type { Proof } from './proof.js';
import type { Recipient } from './recipient.js';
import type { Verdict } from './verdict.js';
import { LISTED } from './verdict-cache.js';

/** Not in the list. */
export const UNLISTED: Verdict = Object.freeze({ kind: 'unknown' });

/** @returns undefined where no list is held, or it cannot tell */
export function listingOf(recipient: Recipient, proof: Proof, now: number): Verdict | undefined {
  if (proof.listing === undefined) return undefined;
  // What the list holds is as new as the last look.
  proof.floor(now);
  switch (proof.listing(recipient)) {
    case 'listed':
      return LISTED;
    case 'unlisted':
      return proof.deferUnknown ? undefined : UNLISTED;
    case undefined:
      return undefined;
  }
}
