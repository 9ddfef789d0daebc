// Hands commands on to another dlist socket, since Cyrus has only one notifysocket, and Sieve notifications use it too. Cyrus has
// our answer before. Commands are sent one at a time and in order, each on a connection of its own, as Cyrus does it. Those that
// cannot be delivered are dropped and counted; the log says so once. I/O: a UNIX socket.
import { connect, type Socket } from 'node:net';
import { messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import type { DlistCommand } from './dlist.js';
import { notificationDropped } from '../../log/verbs/events.js';

export type ForwarderLimits = {
  /** How many commands may wait; more are dropped. */
  readonly maxWaiting: number;
  /** The longest silence on the socket, while connecting or waiting for the answer, in milliseconds. */
  readonly timeoutMs: number;
};

const DEFAULT_FORWARDER_LIMITS: ForwarderLimits = Object.freeze({
  maxWaiting: 1_000,
  timeoutMs: 5_000,
});

export class DlistForwarder {
  readonly #path: string;
  readonly #log: Log;
  readonly #limits: ForwarderLimits;
  readonly #waiting: string[] = [];
  #busy = false;
  #failing = false;
  #closed = false;
  #socket: Socket | undefined;
  dropped = 0;
  delivered = 0;

  /** @param path the UNIX stream socket that takes the commands */
  constructor(path: string, log: Log, limits: ForwarderLimits = DEFAULT_FORWARDER_LIMITS) {
    this.#path = path;
    this.#log = log;
    this.#limits = limits;
  }

  handOn(command: DlistCommand): void {
    if (this.#closed) return;
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      this.#drop(new Error(`${this.#limits.maxWaiting} notifications wait`));
      return;
    }
    this.#waiting.push(command.bytes);
    if (!this.#busy) void this.#work();
  }

  /** Ends it; commands that wait are dropped. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#socket?.destroy();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      try {
        await this.#deliver(bytes);
        this.delivered += 1;
        this.#failing = false;
      } catch (error) {
        this.#drop(error);
      }
    }
    this.#busy = false;
  }

  #deliver(bytes: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: this.#path });
      this.#socket = socket;
      socket.setTimeout(this.#limits.timeoutMs, () => socket.destroy(new Error('no answer in time')));
      socket.once('connect', () => socket.write(bytes, 'latin1'));
      socket.once('data', () => {
        resolve();
        socket.destroy();
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed without an answer')));
    });
  }

  #drop(error: unknown): void {
    this.dropped += 1;
    if (this.#failing || this.#closed) return;
    this.#failing = true;
    notificationDropped(this.#log, { endpoint: `unix:${this.#path}`, error: messageOf(error) });
  }
}
