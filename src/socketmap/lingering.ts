// Connections that we have ended, and the mail server has not: what it still sends is read and dropped until it closes too. If we
// closed them, Sendmail's next write would fail; it then leaves socket_map_lookup() by a longjmp (sendmail/map.c, syserr()),
// keeps the dead connection, and defers whatever else its session asks. Where it reads our FIN instead, it connects anew. I/O.
import type { Socket } from 'node:net';

export type LingerLimits = {
  /**
   * How long the peer has to close what we have ended. The default is the time for which Sendmail lets a session be silent,
   * Timeout.command, 1 h.
   */
  readonly lingerTimeoutMs: number;
  /** How many bytes a peer may still send: what it had under way, and its next request. No key. */
  readonly maxDroppedBytes: number;
};

type Rest = { readonly until: number; bytes: number };

export class Lingering {
  readonly #limits: LingerLimits;
  /** The oldest first. */
  readonly #sockets = new Map<Socket, Rest>();

  constructor(limits: LingerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** @param socket on which end() was called, and which has nothing left to send */
  add(socket: Socket, now: number): void {
    const { lingerTimeoutMs, maxDroppedBytes } = this.#limits;
    this.#sockets.set(socket, { until: now + lingerTimeoutMs, bytes: maxDroppedBytes });
  }

  /** The peer has sent so many more bytes, which were dropped. */
  drop(socket: Socket, bytes: number): void {
    const rest = this.#sockets.get(socket);
    if (rest === undefined) return;
    rest.bytes -= bytes;
    if (rest.bytes < 0) this.#destroy(socket);
  }

  /** The socket is closed. */
  delete(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  /** Closes the oldest, until there are no more than that many. */
  shrink(size: number): void {
    if (this.#sockets.size <= size) return;
    for (const socket of this.#sockets.keys()) {
      this.#destroy(socket);
      if (this.#sockets.size <= size) return;
    }
  }

  /** Called every second by the server. */
  sweep(now: number): void {
    for (const [socket, { until }] of this.#sockets) {
      if (now < until) return;
      this.#destroy(socket);
    }
  }

  #destroy(socket: Socket): void {
    this.#sockets.delete(socket);
    socket.destroy();
  }
}
