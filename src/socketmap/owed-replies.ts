// The replies that a connection has yet to get, in the order of its requests: while one waits for Cyrus, all later ones wait
// behind it. No I/O.

import type { Shared } from './shared.js';

export type Owed = {
  /** The earliest time at which its request may have reached the kernel. */
  readonly earliest: number;
  /** The length of its request: so much memory is held until it is answered, and its reply repeats the key. */
  readonly bytes: number;
  /** The reply's bytes, once there are any. */
  frame: string | undefined;
};

export class OwedReplies {
  #owed: Owed[] = [];
  #bytes = 0;
  /** Whether they will be looked through at the end of this turn of the event loop. */
  due = false;

  get size(): number {
    return this.#owed.length;
  }

  /** The same time of the first request that waits. */
  get earliest(): number | undefined {
    return this.#owed[0]?.earliest;
  }

  /** Whether so much waits, here or on all connections together, that this connection must not be read any further. */
  isFull({ limits, askedBytes }: Pick<Shared, 'limits' | 'askedBytes'>): boolean {
    const { maxWaiting, maxWaitingBytes, maxAskedBytes } = limits;
    return this.size >= maxWaiting || this.#bytes >= maxWaitingBytes || askedBytes >= maxAskedBytes;
  }

  /**
   * @param bytes the length of the request
   * @returns where its reply belongs
   */
  add(earliest: number, bytes: number, frame?: string): Owed {
    const owed = { earliest, bytes, frame };
    this.#owed.push(owed);
    this.#bytes += bytes;
    return owed;
  }

  /** Takes out all replies that are ready, up to the first that is not. */
  take(): string {
    let frames = '';
    let ready = 0;
    for (const { frame, bytes } of this.#owed) {
      if (frame === undefined) break;
      frames += frame;
      this.#bytes -= bytes;
      ready += 1;
    }
    this.#owed = this.#owed.slice(ready);
    return frames;
  }
}
