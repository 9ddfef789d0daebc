// What is written to a mail server, and by when it must have taken that: an answer that it takes later would be one to its
// next question. Holds no bytes of its own: the socket has them. I/O.
import type { Socket } from 'node:net';
import type { ConnectionLimits } from './limits.js';

/** How often the server looks at all connections. */
export const SWEEP_MS = 1000;

export class Outbox {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  /** For what is written and not yet with the kernel, our FIN as well. */
  #takeBy = Infinity;

  constructor(socket: Socket, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Whether the peer does not take as fast as it asks. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Whether all is with the kernel. */
  get empty(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** Whether our FIN is behind the last reply. */
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

  /** @param sent called when our FIN is with the kernel, or never will be */
  end(now: number, sent: () => void): void {
    const takeBy = now + this.#limits.writeTimeoutMs;
    this.#takeBy = this.empty ? takeBy : Math.min(takeBy, this.#takeBy);
    this.#socket.end(sent);
  }

  /** Whether the peer has left something untaken for too long. */
  isOverdue(now: number): boolean {
    return now >= this.#takeBy && (!this.empty || this.ended);
  }
}
