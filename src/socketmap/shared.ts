// What all connections of a server share. Types only.
import type { Socket } from 'node:net';
import type { Closings } from './closing-log.js';
import type { Counters } from './counters.js';
import type { Dialect } from './dialect.js';
import type { Drips } from './drips.js';
import type { ConnectionLimits } from './limits.js';
import type { Lookup } from './lookup.js';
import type { StallWatch } from './stall-watch.js';
import type { Turns } from './turns.js';

export type Shared = {
  readonly lookup: Lookup;
  readonly dialect: Dialect;
  readonly limits: ConnectionLimits;
  readonly counters: Counters;
  readonly closings: Closings;
  readonly watch: StallWatch;
  readonly turns: Turns;
  readonly drips: Drips;
  readonly now: () => number;
  /** Takes over a connection whose FIN is sent, or that was closed before it was. */
  readonly ended: (socket: Socket) => void;
  /** The server stops: a connection that owes nothing is closed. */
  draining: boolean;
  /** Bytes of the requests for which Cyrus is asked at this moment. */
  askedBytes: number;
};
