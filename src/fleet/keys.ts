// The names of a stream's keys in Valkey, by which the rights of its users are given too: see docs/several-machines.md. No I/O.
import type { Instance } from './entry-codec.js';

/** The braces keep all of a stream on one node of a cluster. */
export function keysOf(stream: string) {
  const prefix = `cyrusmapd:{${stream}}`;
  return {
    stream: `${prefix}:stream`,
    beacon: `${prefix}:beacon`,
    questions: `${prefix}:questions`,
    /** A channel: on it followers tell up to where they have forgotten. */
    acknowledgements: `${prefix}:acknowledgements`,
    followers: (instance: Instance) => `${prefix}:followers:${instance}`,
  };
}
