// The proof of a back-channel of which nothing tells us when a mailbox changes: what it said is believed by age alone. No I/O.
import type { Proof } from './proof.js';

/** Nothing tells us of a change, so a "yes" is believed for its lifetime only, and a "no" is not remembered. */
export const AGE: Proof = Object.freeze({
  floor: () => -Infinity,
  describe: () => 'age alone: nothing tells of a change, and no "no" is remembered',
  vouchesForUnknown: false,
  deferUnknown: false,
});
