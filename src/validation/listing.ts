// What our copy of Cyrus' mailbox list says of a recipient, as a verdict. It is believed like an answer of Cyrus while the proof
// holds. It is not remembered in the cache, since the list can be read again at any time. No I/O.
import type { Proof } from './proof.js';
import type { Recipient } from './recipient.js';
import type { Verdict } from './verdict.js';
import { LISTED } from './verdict-cache.js';

/** The verdict of a list that does not hold the mailbox. */
export const UNLISTED: Verdict = Object.freeze({ kind: 'unknown' });

/** @returns undefined where there is no list, or where the list cannot tell */
export function listingOf(recipient: Recipient, proof: Proof, now: number): Verdict | undefined {
  if (proof.listing === undefined) return undefined;
  // The list is brought up to date by a look at the proof, so look first.
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
