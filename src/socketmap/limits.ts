// Every limit of the front, with its default. The configuration keys are the same names in snake case, without the
// unit, under [socketmap]; those marked so have none. Constants and types only.
import type { LingerLimits } from './lingering.js';
import { DEFAULT_MAX_NETSTRING_BYTES } from './netstring.js';

export type ConnectionLimits = {
  /** How many requests of a connection may wait for Cyrus: then it is not read any further until one is answered. */
  readonly maxWaiting: number;
  /** The same limit in bytes, since a map name may be as long as a request. No key. */
  readonly maxWaitingBytes: number;
  /** The limit in bytes for all connections together: beyond it each connection may have one request that waits. No key. */
  readonly maxAskedBytes: number;
  /** How many requests of a connection are answered in one turn of the event loop, before the others have their turn. No key. */
  readonly maxPerTurn: number;
  /** Payload of a request: map name, space and key. */
  readonly maxRequestBytes: number;
  /**
   * Without a request. Long: Sendmail keeps a connection for a whole SMTP session, and when it finds it closed,
   * the next recipient of that session is a 451.
   */
  readonly idleTimeoutMs: number;
  /** How long a request may take from its first byte to its last. */
  readonly requestTimeoutMs: number;
  /** How long a peer may take to read what it was answered. */
  readonly writeTimeoutMs: number;
  /** The longest time from the arrival of a request to its reply: below the 30 s after which Sendmail gives up. No key. */
  readonly answerWithinMs: number;
};

export type ServerLimits = ConnectionLimits &
  LingerLimits & {
    /** Connections of all listeners together. Sendmail holds one for each SMTP session: keep it above MaxDaemonChildren. */
    readonly maxConnections: number;
    /**
     * So many connections beyond `maxConnections` may linger, so that those who came over that limit read our FIN as well.
     * Where room is needed the oldest is closed: no connection is refused because another one lingers. No key.
     */
    readonly maxOverLimit: number;
    /** How many files this process may have open: where they do not suffice, there are fewer connections. No key. */
    readonly openFiles: number;
    /** How many of these are kept for connections of Cyrus that push events. No key. */
    readonly eventConnections: number;
    /**
     * How many connections the kernel keeps for each listener until they are accepted. It cuts the number to
     * net.core.somaxconn (kern.ipc.soacceptqueue on FreeBSD).
     */
    readonly backlog: number;
    /** When the event loop stands still for longer than this, connections are ended: 30 s less the deadline of a lookup. No key. */
    readonly stallLimitMs: number;
    /** The longest time from stop() to the end of the last connection. */
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
