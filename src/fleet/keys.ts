// The names of a stream's keys in Valkey, by which the rights of its users are given too: see docs/several-machines.md. No I/O.
import type { Instance } from './entry-codec.js';

/** The channel on which Valkey names keys that were changed. */
export const INVALIDATE = '__redis__:invalidate';

/** The braces keep all of a stream on one node of a cluster. */
export function keysOf(stream: string) {
  const prefix = `cyrusmapd:{${stream}}`;
  return {
    stream: `${prefix}:stream`,
    beacon: `${prefix}:beacon`,
    questions: `${prefix}:questions`,
    followers: (instance: Instance) => `${prefix}:followers:${instance}`,
  };
}
