// The front: listeners, their connections, the limits that concern all of them, and the end. What is asked and
// answered on a connection is client-connection.ts. One timer for everything: once a second all connections are judged. I/O.
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Endpoint } from '../net/endpoint.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import { NetworkList, requireAllowList } from '../net/network-list.js';
import { readInPlace } from '../net/read-in-place.js';
import { Closings, type ClosingReason } from './closing-log.js';
import { ClientConnection } from './client-connection.js';
import type { Arrival } from './inbox.js';
import { SOCKETMAP, type Dialect } from './dialect.js';
import { newCounters, type Counters } from './counters.js';
import { Drips } from './drips.js';
import type { ServerLimits } from './limits.js';
import { handlersFor, type Handlers } from './handlers.js';
import { Lingering } from './lingering.js';
import { Listeners } from './listeners.js';
import { linuxOverflows, ListenOverflows } from './listen-overflows.js';
import type { Listener } from '../net/listener.js';
import type { Lookup } from './lookup.js';
import { connectionsWithin } from './open-files.js';
import { SWEEP_MS } from './outbox.js';
import { OverloadLog, type QueueState } from './overload-log.js';
import { DEFAULT_SERVER_OPTIONS, type ServerOptions } from './server-options.js';
import type { Shared } from './shared.js';
import { StallWatch } from './stall-watch.js';
import { Sweeper } from './sweeper.js';
import { Turns } from './turns.js';
import * as verbs from '../log/verbs/socketmap.js';

export type ServerParts = {
  readonly lookup: Lookup;
  /** What is spoken on its connections; by default a socketmap. */
  readonly dialect?: Dialect;
  readonly log: Log;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** The time of day in milliseconds: by default that of the system. */
  readonly wallClock?: () => number;
  /** How often a queue of TCP connections has overflowed on this host, where that can be known. */
  readonly overflows?: () => number | undefined;
};

export class SocketmapServer {
  readonly #limits: ServerLimits;
  /** As many as configured, or fewer where there are not enough files. */
  readonly #maxConnections: number;
  readonly #allowed: NetworkList | undefined;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #closings: Closings;
  readonly #watch: StallWatch;
  readonly #shared: Shared;
  readonly #turns: Turns;
  readonly listeners: Listeners;
  readonly #connections = new Map<Socket, ClientConnection>();
  readonly #sweeper: Sweeper;
  readonly #lingering: Lingering;
  readonly #overload: OverloadLog;
  readonly #handlers: Handlers;
  readonly #timer: NodeJS.Timeout;
  #onEmpty: (() => void) | undefined;
  #stopped: Promise<void> | undefined;
  readonly counters: Counters;

  private constructor(options: ServerOptions, parts: ServerParts) {
    const { lookup, dialect = SOCKETMAP, log, now, wallClock = Date.now } = parts;
    const { overflows = linuxOverflows } = parts;
    this.#limits = options;
    const { openFiles, eventConnections, maxConnections, maxOverLimit } = options;
    const reserved = eventConnections + maxOverLimit;
    this.#maxConnections = connectionsWithin(openFiles, maxConnections, reserved);
    this.#allowed = options.allow.length > 0 ? new NetworkList(options.allow) : undefined;
    this.#log = log;
    this.#now = now;
    this.#closings = new Closings(log);
    this.#overload = new OverloadLog(log);
    this.#lingering = new Lingering(options);
    this.#handlers = handlersFor(this.#connections, this.#lingering, () => this.#onClose());
    this.counters = newCounters(this.#closings.counts);
    this.#watch = new StallWatch({ now, wallClock }, options.stallLimitMs, (ms) => this.#onStall(ms));
    this.#turns = new Turns(now);
    this.#sweeper = new Sweeper(this.#connections, now);
    this.#shared = {
      lookup,
      dialect,
      limits: options,
      counters: this.counters,
      closings: this.#closings,
      watch: this.#watch,
      turns: this.#turns,
      drips: new Drips(now),
      now,
      ended: (socket) => this.#onEnd(socket),
      draining: false,
      askedBytes: 0,
    };
    this.listeners = new Listeners({
      table: dialect.table,
      rules: options,
      log,
      overflows: new ListenOverflows(overflows, now()),
      accepted: (socket, from) => this.#accept(socket, from),
      failed: (error, from) => this.#failed(error, from),
    });
    this.#timer = setInterval(() => this.#beginSweep(), SWEEP_MS);
  }

  /**
   * Opens all listeners, or none.
   * @throws UnavailableError where one cannot be opened
   * @throws ConfigError where one is open to more than this machine and `allow` is empty, or for its file's owner
   */
  static async listen(
    endpoints: readonly Endpoint[],
    options: Partial<ServerOptions>,
    parts: ServerParts,
  ): Promise<SocketmapServer> {
    const all = { ...DEFAULT_SERVER_OPTIONS, ...options };
    const { table } = parts.dialect ?? SOCKETMAP;
    requireAllowList(endpoints, all.allow, { listen: `${table}.listen`, allow: `${table}.allow` });
    const server = new SocketmapServer(all, parts);
    server.#tellOfFewFiles();
    try {
      for (const endpoint of endpoints) await server.listeners.open(endpoint);
    } catch (error) {
      await server.stop(0);
      throw error;
    }
    return server;
  }

  /** Where it listens, with the ports that were given for port 0. */
  get endpoints(): readonly Endpoint[] {
    return this.listeners.endpoints;
  }

  /** The deadline of a lookup may change: Sendmail's patience does not. */
  set stallLimitMs(ms: number) {
    this.#watch.limitMs = ms;
  }

  /** How many connections are served, without those that linger. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many connections we have ended and their peers have not. */
  get lingering(): number {
    return this.#lingering.size;
  }

  /** Who waits for a turn, or to be accepted, and for how long. */
  get queue(): QueueState {
    const now = this.#now();
    return {
      waiting: this.#turns.size,
      waitedMs: Math.round(this.#turns.waitedMs(now)),
      acceptMs: Math.round(this.listeners.waitedMs(now)),
    };
  }

  /** Judges idle times, started requests, unread replies and the process itself, all at once: its timer takes a second for that. */
  sweep(): void {
    this.#beginSweep();
    this.#sweeper.finish();
  }

  #beginSweep(): void {
    const now = this.#now();
    this.#watch.tick(now);
    this.listeners.sweep(now);
    this.#sweeper.begin();
    this.#lingering.sweep(now);
    this.#closings.sweep(now);
    this.#overload.sweep(this.queue, this.connections, now);
  }

  /**
   * Accepts no more, ends what is idle, answers what is in flight; and closes everything when nothing is owed any more,
   * or after the grace. It does not wait for peers to close: until the daemon is started anew, nobody is answered anyway.
   */
  stop(graceMs: number = this.#limits.shutdownGraceMs): Promise<void> {
    return (this.#stopped ??= this.#stop(graceMs));
  }

  #tellOfFewFiles(): void {
    const { openFiles, maxConnections } = this.#limits;
    const connections = this.#maxConnections;
    if (connections === maxConnections) return;
    verbs.fewFiles(this.#log, { openFiles, maxConnections, connections });
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.listeners.size > 0) verbs.draining(this.#log, { connections: this.connections });
    this.#shared.draining = true;
    this.listeners.close();
    await everythingRead();
    for (const connection of this.#connections.values()) connection.resume();
    const grace = setTimeout(() => this.#destroyAll(), graceMs);
    await this.#empty();
    clearTimeout(grace);
    clearInterval(this.#timer);
    this.#sweeper.stop();
    this.#lingering.shrink(0);
  }

  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }

  #accept(socket: Socket, listener: Listener): void {
    const now = this.#now();
    const { name, endpoint } = listener;
    this.counters.accepted += 1;
    this.#turns.hurry();
    const stalled = this.#watch.check(now);
    const connected = this.listeners.accepted(listener, now, this.#watch.arrivedSince);
    const reason = this.#whyRefused(socket, endpoint, stalled ? 'stalled' : this.#whyTooOld(connected, now));
    if (reason !== undefined) this.#closings.add(reason, now, { endpoint: name, peer: socket.remoteAddress });
    if (reason === 'notAllowed') {
      socket.destroy();
      return;
    }
    const { data, read, end, drain, error, close } = this.#handlers;
    if (!readInPlace(socket, read)) socket.on('data', data);
    socket.on('end', end).on('drain', drain).on('error', error).on('close', close);
    if (reason === undefined)
      this.#connections.set(socket, new ClientConnection(socket, name, this.#shared, connected));
    else this.#lingering.add(socket.end(), now);
    this.#lingering.shrink(this.#maxConnections + this.#limits.maxOverLimit - this.connections);
  }

  #failed(error: Error, { name }: Listener): void {
    this.#closings.add('notAccepted', this.#now(), { endpoint: name, error: messageOf(error) });
  }

  /** Strangers are refused first: their connections do not linger, so they never take the room of those that may ask. */
  #whyRefused(
    socket: Socket,
    endpoint: Endpoint,
    tooOld: ClosingReason | undefined,
  ): ClosingReason | undefined {
    if (endpoint.kind !== 'unix' && !this.#isAllowed(socket)) return 'notAllowed';
    if (tooOld !== undefined) return tooOld;
    return this.#connections.size >= this.#maxConnections ? 'overLimit' : undefined;
  }

  /** Sendmail asks as soon as it is connected: where it has waited for too long, it may have given up on the answer already. */
  #whyTooOld(connected: Arrival | undefined, now: number): ClosingReason | undefined {
    if (connected === undefined) return undefined;
    if (connected.earliest < this.#watch.runningSince) return 'stalled';
    return now - connected.earliest > this.#limits.answerWithinMs ? 'late' : undefined;
  }

  #isAllowed({ remoteAddress }: Socket): boolean {
    return this.#allowed === undefined || (remoteAddress !== undefined && this.#allowed.has(remoteAddress));
  }

  #onEnd(socket: Socket): void {
    this.#connections.delete(socket);
    // Where the peer has ended it, too, the socket is about to be closed.
    if (!socket.destroyed && !socket.readableEnded) this.#lingering.add(socket, this.#now());
    this.#onClose();
  }

  #onClose(): void {
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  #onStall(stalledMs: number): void {
    verbs.stalled(this.#log, { stalledMs: Math.round(stalledMs), connections: this.connections });
    this.#closings.counts.stalled += this.connections;
    const now = this.#now();
    for (const connection of this.#connections.values()) connection.abandon(now);
    this.listeners.stoodStill(now - stalledMs, now);
  }

  #destroyAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }
}

/** What has arrived so far is in flight too: the loop reads it within a whole turn. */
async function everythingRead(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
