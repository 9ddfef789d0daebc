// What was seen of one Cyrus, as its tests hand it to the reporter: beside the result of one of them. Types only.
import type { Suite } from '../containers/cyrus.js';
import type { Setup } from '../containers/setup.js';
import type { Observation } from './observe.js';
import type { Offers } from './offers.js';

export type Seen = {
  readonly suite: Suite;
  readonly setup: Setup;
  readonly offers: Offers;
  /** In the order of the verdict table. */
  readonly observations: readonly Observation[];
};

declare module 'vitest' {
  interface TaskMeta {
    matrix?: Seen;
  }
}
