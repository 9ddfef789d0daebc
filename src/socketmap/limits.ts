// Every limit of the front, with its default. The configuration keys are the same names in snake case, without the
// unit, under [socketmap]; those marked so have none. Constants and types only.
import type { LingerLimits } from './lingering.js';
import { DEFAULT_MAX_NETSTRING_BYTES } from './netstring.js';

export type ConnectionLimits = {
  /** Requests of a connection that wait for Cyrus; then the connection is read no further until one is answered. */
  readonly maxWaiting: number;
  /** The same in bytes: a map name may be as long as a request. No key. */
  readonly maxWaitingBytes: number;
  /** Of all connections together: beyond it each may have one request that waits. No key. */
  readonly maxAskedBytes: number;
  /** Requests of a connection that are answered in one turn of the event loop; then the others have theirs. No key. */
  readonly maxPerTurn: number;
  /** Payload of a request: map name, space and key. */
  readonly maxRequestBytes: number;
  /**
   * Without a request. Long: Sendmail keeps a connection for a whole SMTP session, and when it finds it closed,
   * the next recipient of that session is a 451.
   */
  readonly idleTimeoutMs: number;
  /** From a request's first byte to its last. */
  readonly requestTimeoutMs: number;
  /** For a peer to take what it was answered. */
  readonly writeTimeoutMs: number;
  /** From the arrival of a request to its reply, below the 30 s after which Sendmail gives up. No key. */
  readonly answerWithinMs: number;
};

export type ServerLimits = ConnectionLimits &
  LingerLimits & {
    /** Of all listeners together. Sendmail holds one for each SMTP session: must be above its MaxDaemonChildren. */
    readonly maxConnections: number;
    /**
     * Over `maxConnections`, for what lingers: so that who came over that limit reads our FIN as well. The oldest is closed
     * where room is needed, so that no connection is refused for one that lingers. No key.
     */
    readonly maxOverLimit: number;
    /** That this process may have: where they do not suffice, there are fewer connections. No key. */
    readonly openFiles: number;
    /** Of those, for connections of Cyrus that push events. No key. */
    readonly eventConnections: number;
    /** Of each listener; the kernel cuts it to net.core.somaxconn (kern.ipc.soacceptqueue on FreeBSD). */
    readonly backlog: number;
    /** The loop standing still for longer than this: 30 s less the deadline of a lookup. No key. */
    readonly stallLimitMs: number;
    /** From stop to the end of the last connection. */
    readonly shutdownGraceMs: number;
  };

export const DEFAULT_LIMITS: ServerLimits = Object.freeze({
  maxWaiting: 100,
  maxWaitingBytes: 32_768,
  maxAskedBytes: 67_108_864,
  maxPerTurn: 100,
  maxRequestBytes: DEFAULT_MAX_NETSTRING_BYTES,
  idleTimeoutMs: 2 * 60 * 60_000,
  requestTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  answerWithinMs: 29_000,
  lingerTimeoutMs: 60 * 60_000,
  maxDroppedBytes: 1_048_576,
  maxConnections: 4096,
  maxOverLimit: 256,
  openFiles: Infinity,
  eventConnections: 0,
  backlog: 1024,
  stallLimitMs: 25_000,
  shutdownGraceMs: 10_000,
});
