// Whether the socket of a connection is read at this moment. What was not read for a while may be as old as that, which its inbox
// is told. I/O.
import type { Socket } from 'node:net';
import { startReading, stopReading } from '../net/read-stop.js';
import type { Inbox } from './inbox.js';

export class Reading {
  readonly #socket: Socket;
  readonly #inbox: Inbox;
  #stopped = false;

  constructor(socket: Socket, inbox: Inbox) {
    this.#socket = socket;
    this.#inbox = inbox;
  }

  /** Called after each change, and mostly with what is so already. */
  set(wanted: boolean, now: number): void {
    if (wanted !== this.#stopped) return;
    this.#stopped = !wanted;
    if (wanted) {
      this.#inbox.release();
      startReading(this.#socket);
    } else {
      this.#inbox.hold(now);
      stopReading(this.#socket);
    }
  }
}
