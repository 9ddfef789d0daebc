// The proof of a back-channel that nobody tells of a change: plain age. No I/O.
import type { Proof } from './proof.js';

/** Nothing tells of a change. A "yes" is believed for its lifetime, a "no" is not remembered. */
export const AGE: Proof = Object.freeze({
  floor: () => -Infinity,
  describe: () => 'age alone: nothing tells of a change, and no "no" is remembered',
  vouchesForUnknown: false,
  deferUnknown: false,
});
