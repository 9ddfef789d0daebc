// The front: listeners, their connections, the limits that concern all of them, and the end. What is asked and
// answered on a connection is connection.ts. One timer for everything: once a second all connections are judged. I/O.
import type { Socket } from 'node:net';
import type { Network } from '../config.js';
import type { Endpoint } from '../endpoint.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { NetworkList, requireAllowList } from '../network-list.js';
import { Closings, type ClosingReason } from './closings.js';
import { Connection, SWEEP_MS, type Shared } from './connection.js';
import { newCounters, type Counters } from './counters.js';
import { DEFAULT_LIMITS, type ServerLimits } from './limits.js';
import { Listener } from './listener.js';
import type { Lookup } from './lookup.js';
import { DEFAULT_SOCKET_FILE_RULES, type SocketFileRules } from './socket-file.js';
import { StallWatch } from './stall-watch.js';

export type ServerOptions = ServerLimits &
  SocketFileRules & {
    /** Who may ask over TCP; empty allows everybody, and only listeners that none but this machine can reach. */
    readonly allow: readonly Network[];
  };

export const DEFAULT_SERVER_OPTIONS: ServerOptions = Object.freeze({
  ...DEFAULT_LIMITS,
  ...DEFAULT_SOCKET_FILE_RULES,
  allow: [],
});

export type ServerParts = {
  readonly lookup: Lookup;
  readonly log: Log;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
};

export class SocketmapServer {
  readonly #limits: ServerLimits;
  readonly #allowed: NetworkList | undefined;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #closings: Closings;
  readonly #watch: StallWatch;
  readonly #shared: Shared;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Map<Socket, Connection>();
  readonly #handlers = handlersFor(this.#connections, () => this.#onClose());
  readonly #timer: NodeJS.Timeout;
  /** Connections still to be accepted that may have waited in the kernel during a stall. */
  #suspects = 0;
  #acceptedInTurn = false;
  #onEmpty: (() => void) | undefined;
  #stopped: Promise<void> | undefined;
  readonly counters: Counters;

  private constructor(options: ServerOptions, { lookup, log, now }: ServerParts) {
    this.#limits = options;
    this.#allowed = options.allow.length > 0 ? new NetworkList(options.allow) : undefined;
    this.#log = log;
    this.#now = now;
    this.#closings = new Closings(log);
    this.counters = newCounters(this.#closings.counts);
    this.#watch = new StallWatch(now(), options.stallLimitMs, (ms) => this.#onStall(ms));
    this.#shared = {
      lookup,
      limits: options,
      counters: this.counters,
      closings: this.#closings,
      watch: this.#watch,
      now,
      draining: false,
    };
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
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
    requireAllowList(endpoints, all.allow);
    const server = new SocketmapServer(all, parts);
    try {
      for (const endpoint of endpoints) await server.#open(endpoint, all);
    } catch (error) {
      await server.stop(0);
      throw error;
    }
    return server;
  }

  /** Where it listens, with the ports that were given for port 0. */
  get endpoints(): readonly Endpoint[] {
    return this.#listeners.map(({ endpoint }) => endpoint);
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Judges idle times, started requests, unread replies and the process itself. Called by its own timer. */
  sweep(): void {
    const now = this.#now();
    this.#watch.tick(now);
    for (const connection of this.#connections.values()) connection.sweep(now);
    this.#closings.sweep(now);
  }

  /** Accepts no more, closes what is idle, answers what is in flight, and after the grace closes everything. */
  stop(graceMs: number = this.#limits.shutdownGraceMs): Promise<void> {
    return (this.#stopped ??= this.#stop(graceMs));
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.#listeners.length > 0) this.#log.info({ connections: this.connections }, 'draining');
    this.#shared.draining = true;
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#connections.values()) connection.drain();
    const grace = setTimeout(() => this.#destroyAll(), graceMs);
    await this.#empty();
    clearTimeout(grace);
    clearInterval(this.#timer);
  }

  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }

  async #open(endpoint: Endpoint, options: ServerOptions): Promise<void> {
    const listener = await Listener.open(endpoint, options, {
      accepted: (socket, from) => this.#accept(socket, from),
      failed: (error, from) => this.#failed(error, from),
    });
    this.#listeners.push(listener);
    this.#log.info({ endpoint: listener.name }, 'listening');
  }

  #accept(socket: Socket, { name, endpoint }: Listener): void {
    const now = this.#now();
    this.counters.accepted += 1;
    const reason = this.#whyRefused(socket, endpoint, now);
    if (reason !== undefined) {
      this.#closings.add(reason, now, { endpoint: name, peer: socket.remoteAddress });
      socket.destroy();
      return;
    }
    this.#connections.set(socket, new Connection(socket, name, this.#shared));
    const { data, end, drain, error, close } = this.#handlers;
    socket.on('data', data).on('end', end).on('drain', drain).on('error', error).on('close', close);
  }

  #failed(error: Error, { name }: Listener): void {
    this.#closings.add('notAccepted', this.#now(), { endpoint: name, error: messageOf(error) });
  }

  #whyRefused(socket: Socket, endpoint: Endpoint, now: number): ClosingReason | undefined {
    if (this.#watch.check(now) || this.#isSuspect()) return 'stalled';
    if (this.#connections.size >= this.#limits.maxConnections) return 'overLimit';
    if (this.#allowed === undefined || endpoint.kind === 'unix') return undefined;
    const { remoteAddress } = socket;
    return remoteAddress !== undefined && this.#allowed.has(remoteAddress) ? undefined : 'notAllowed';
  }

  #onClose(): void {
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  #onStall(stalledMs: number): void {
    this.#log.warn({ stalledMs: Math.round(stalledMs), connections: this.connections }, 'stalled');
    this.#closings.counts.stalled += this.connections;
    this.#destroyAll();
    this.#distrustBacklog();
  }

  /**
   * Who connected while we stood still has waited in the kernel with its question. The loop accepts at least one
   * connection of each listener a turn, oldest first. So what comes after a whole turn without any is new, and so
   * is what comes after as many as all backlogs can hold.
   */
  #distrustBacklog(): void {
    this.#suspects = (this.#limits.backlog + 1) * this.#listeners.length;
    this.#acceptedInTurn = true;
    const endOfTurn = (): void => {
      if (!this.#acceptedInTurn) this.#suspects = 0;
      this.#acceptedInTurn = false;
      if (this.#suspects > 0) setImmediate(endOfTurn);
    };
    setImmediate(endOfTurn);
  }

  #isSuspect(): boolean {
    if (this.#suspects === 0) return false;
    this.#acceptedInTurn = true;
    this.#suspects -= 1;
    return true;
  }

  #destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }
}

/** One set of handlers for all connections: a closure for each would cost more memory than the connection's numbers. */
function handlersFor(connections: Map<Socket, Connection>, onClose: () => void) {
  return {
    data(this: Socket, chunk: Buffer): void {
      connections.get(this)?.receive(chunk);
    },
    end(this: Socket): void {
      connections.get(this)?.finish();
    },
    drain(this: Socket): void {
      connections.get(this)?.resume();
    },
    /** A reset or a broken pipe ends this connection and nothing else: 'close' follows. */
    error(): void {},
    close(this: Socket): void {
      connections.delete(this);
      onClose();
    },
  };
}
