// The listeners of a server, each with what is known of its queue in the kernel; and those by TCP opened anew after that has
// overflowed. I/O.
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/socketmap.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { Listener, type ListenerRules } from '../net/listener.js';
import { requirePrivateFolder } from '../net/private-folder.js';
import { AcceptQueue } from './accept-queue.js';
import type { Arrival } from './inbox.js';
import type { ListenOverflows } from './listen-overflows.js';

export type ListenersParts = {
  readonly rules: ListenerRules;
  /** The table of the configuration that errors name. */
  readonly table: string;
  readonly log: Log;
  readonly overflows: ListenOverflows;
  readonly accepted: (socket: Socket, listener: Listener) => void;
  readonly failed: (error: Error, listener: Listener) => void;
};

export class Listeners {
  readonly #parts: ListenersParts;
  readonly #open = new Map<Listener, AcceptQueue>();
  /** Endpoints whose listener was closed and could not be opened again yet. */
  readonly #missing = new Set<Endpoint>();
  /** Ports on which another process listens: they are opened when it hands over. */
  readonly #later: Endpoint[] = [];
  /** Whether another process has the ports now. */
  #portsPassed = false;
  #renewing = false;
  #closed = false;

  constructor(parts: ListenersParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Where they listen, with the ports that were given for port 0. */
  get endpoints(): readonly Endpoint[] {
    return [...this.#open.keys()].map(({ endpoint }) => endpoint);
  }

  get all(): readonly Listener[] {
    return [...this.#open.keys()];
  }

  /**
   * To take the place of another process, ports are left for openPorts(): from their opening on we get connections there.
   * @throws UnavailableError, ConfigError
   */
  async open(endpoint: Endpoint): Promise<void> {
    if (this.#parts.rules.beside === true && endpoint.kind !== 'unix') this.#later.push(endpoint);
    else await this.#openNow(endpoint);
  }

  /** @throws UnavailableError, ConfigError */
  async openPorts(): Promise<void> {
    for (const endpoint of this.#later.splice(0)) await this.#openNow(endpoint);
  }

  /** Another process listens on the same ports. Ours are closed when nobody waits in their queues, since closing cuts those off. */
  async closePorts(now: () => number): Promise<void> {
    this.#portsPassed = true;
    for (const [listener, queue] of this.#open) {
      if (listener.endpoint.kind === 'unix') continue;
      await nextTurn();
      while (queue.waitedMs(now()) > 0) await nextTurn();
      listener.close();
      this.#open.delete(listener);
    }
  }

  async #openNow(endpoint: Endpoint): Promise<void> {
    const { rules, log, accepted, failed, table } = this.#parts;
    // The listener tells of a folder that is not there.
    if (endpoint.kind === 'unix' && existsSync(dirname(endpoint.path))) {
      requirePrivateFolder(`${table}.listen has ${formatEndpoint(endpoint)}`, endpoint.path);
    }
    const listener = await Listener.open(endpoint, rules, { accepted, failed });
    if (this.#closed) return listener.close();
    this.#open.set(listener, new AcceptQueue(rules.backlog));
    verbs.listening(log, { endpoint: listener.name });
  }

  /** @returns since when a connection that is accepted now may have been connected; undefined where it has just come */
  accepted(listener: Listener, now: number, earliest: number): Arrival | undefined {
    const waited = this.#open.get(listener)?.accepted(now, earliest);
    const { since } = this.#parts.overflows;
    if (since === undefined || listener.endpoint.kind === 'unix') return waited;
    return { earliest: Math.min(since, waited?.earliest ?? since), noticed: waited?.noticed ?? now };
  }

  /** How long those who wait to be accepted may have waited, at most. */
  waitedMs(now: number): number {
    return Math.max(0, ...[...this.#open.values()].map((queue) => queue.waitedMs(now)));
  }

  stoodStill(since: number, now: number): void {
    for (const queue of this.#open.values()) queue.stoodStill(since, now);
  }

  /** Called every second. */
  sweep(now: number): void {
    const isDue = this.#parts.overflows.sweep(now);
    if ((isDue || this.#missing.size > 0) && !this.#renewing && !this.#portsPassed) void this.#renew(isDue);
  }

  close(): void {
    this.#closed = true;
    for (const listener of this.#open.keys()) listener.close();
  }

  /** A listener is closed for less than a millisecond; whoever connects in that time is refused. */
  async #renew(isDue: boolean): Promise<void> {
    this.#renewing = true;
    if (isDue) this.#closeInet();
    for (const endpoint of this.#missing) {
      try {
        await this.#openNow(endpoint);
        this.#missing.delete(endpoint);
      } catch (error) {
        verbs.notRenewed(this.#parts.log, { endpoint: formatEndpoint(endpoint), error: messageOf(error) });
      }
    }
    this.#renewing = false;
  }

  #closeInet(): void {
    for (const listener of this.#open.keys()) {
      if (listener.endpoint.kind === 'unix') continue;
      verbs.renewed(this.#parts.log, { endpoint: listener.name });
      listener.close();
      this.#open.delete(listener);
      this.#missing.add(listener.endpoint);
    }
    this.#parts.overflows.renewed();
  }
}
