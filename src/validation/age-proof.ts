// The proofs of back-channels that nobody tells of a change: plain age, and a list that cannot change. No I/O.
import type { Proof } from './proof.js';

/** Nothing tells of a change. A "yes" is believed for its lifetime, a "no" is not remembered. */
export const AGE: Proof = Object.freeze({
  floor: () => -Infinity,
  vouchesForUnknown: false,
  deferUnknown: false,
});

/** What was read once and does not change: another reading is another back-channel. */
export const UNCHANGING: Proof = Object.freeze({
  floor: () => -Infinity,
  vouchesForUnknown: true,
  deferUnknown: false,
});
