// What a publisher is made of, and what it shows of itself. Types only.
import type { Log } from '../log/log.js';
import type { Proof } from '../validation/proof.js';
import type { Instance } from './entry-codec.js';
import type { PublisherStore } from './store.js';

export type PublisherParts = {
  readonly stream: string;
  readonly store: PublisherStore;
  readonly leaseMs: number;
  readonly exact: boolean;
  /** Since when changes come here; another process may have answered questions until then. Monotonic milliseconds. */
  readonly since: number;
  /** What tells of changes here; undefined where nothing does. */
  readonly proof: () => Proof | undefined;
  /** A sum of how names of mailboxes are made. */
  readonly rules: () => string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly newInstance: () => Instance;
  readonly log: Log;
};

/** For metrics. */
export type PublisherState = {
  readonly stream: string;
  readonly instance: string;
  readonly seq: number;
  readonly lastId: string;
  readonly followers: number;
  /** Changes that are not in the stream yet. */
  readonly waiting: number;
  /** Answers to Cyrus that wait just now. */
  readonly held: number;
  /** Answers to Cyrus that waited until leases were over. */
  readonly expired: number;
  readonly trouble: string | undefined;
};
