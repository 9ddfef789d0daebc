// Writes to a mail server, and knows by when it must have taken what was written: it would take a later answer for the one to
// its next question. Holds no bytes of its own, since the socket has them. I/O.
import type { Socket } from 'node:net';
import type { ConnectionLimits } from './limits.js';

/** How often the server looks at all connections. */
export const SWEEP_MS = 1000;

export class Outbox {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  /** By when the kernel must have taken what was written, our FIN included. */
  #takeBy = Infinity;

  constructor(socket: Socket, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Whether the peer takes its answers more slowly than it asks. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Whether the kernel has taken everything that was written. */
  get empty(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** Whether we have ended the connection: our FIN follows the last reply. */
  get ended(): boolean {
    return this.#socket.writableEnded;
  }

  /** @param earliest when the first request that is answered here may have reached the kernel */
  write(frames: string, earliest: number, now: number): void {
    if (this.empty) {
      const { answerWithinMs, writeTimeoutMs } = this.#limits;
      this.#takeBy = Math.min(now + writeTimeoutMs, earliest + answerWithinMs - SWEEP_MS);
    }
    this.#socket.write(frames, 'latin1');
  }

  /** @param sent called when the kernel has taken our FIN, or when it never will */
  end(now: number, sent: () => void): void {
    const takeBy = now + this.#limits.writeTimeoutMs;
    this.#takeBy = this.empty ? takeBy : Math.min(takeBy, this.#takeBy);
    this.#socket.end(sent);
  }

  /** Whether the peer has not taken something for too long. */
  isOverdue(now: number): boolean {
    return now >= this.#takeBy && (!this.empty || this.ended);
  }
}
