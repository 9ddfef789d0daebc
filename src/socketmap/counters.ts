// What the front counts: plain numbers, raised on the path of every request, read by whoever shows them.
import type { Reply } from '../validation/verdict.js';
import type { ClosingReason } from './closing-log.js';

export type Counters = {
  /** Accepted, served or not. */
  accepted: number;
  requests: number;
  readonly replies: { [status in Reply['status']]: number };
  /** Connections that we closed, by reason. */
  readonly closed: { readonly [reason in ClosingReason]: number };
};

export function newCounters(closed: Counters['closed']): Counters {
  return { accepted: 0, requests: 0, replies: { OK: 0, NOTFOUND: 0, TEMP: 0 }, closed };
}
