// The replies that a connection is owed and cannot be given yet, in the order of its requests: behind one that Cyrus is
// asked for, all wait. No I/O.

import type { Shared } from './shared.js';

export type Owed = {
  /** When its request may have reached the kernel, at the earliest. */
  readonly earliest: number;
  /** Of its request: what is remembered of it until it is answered, and in its reply. */
  readonly bytes: number;
  /** The reply's bytes, once there are any. */
  frame: string | undefined;
};

export class OwedReplies {
  #owed: Owed[] = [];
  #bytes = 0;
  /** They are about to be looked through: at the end of this turn of the loop. */
  due = false;

  get size(): number {
    return this.#owed.length;
  }

  /** Of the first request that waits. */
  get earliest(): number | undefined {
    return this.#owed[0]?.earliest;
  }

  /** Whether so much waits that the connection is to be read no further; where it is too much of all, one request is. */
  isFull({ limits, askedBytes }: Pick<Shared, 'limits' | 'askedBytes'>): boolean {
    const { maxWaiting, maxWaitingBytes, maxAskedBytes } = limits;
    return this.size >= maxWaiting || this.#bytes >= maxWaitingBytes || askedBytes >= maxAskedBytes;
  }

  /**
   * @param bytes of the request
   * @returns where its reply belongs
   */
  add(earliest: number, bytes: number, frame?: string): Owed {
    const owed = { earliest, bytes, frame };
    this.#owed.push(owed);
    this.#bytes += bytes;
    return owed;
  }

  /** The bytes of all that are ready, up to the first that is not. */
  take(): string {
    let frames = '';
    let ready = 0;
    for (const { frame, bytes } of this.#owed) {
      if (frame === undefined) break;
      frames += frame;
      this.#bytes -= bytes;
      ready += 1;
    }
    this.#owed = ready === this.#owed.length ? [] : this.#owed.slice(ready);
    return frames;
  }
}
