// The replies that a connection is owed and cannot be given yet, in the order of its requests: behind one that Cyrus is
// asked for, all wait. No I/O.

export type Owed = {
  /** When its request may have reached the kernel, at the earliest. */
  readonly earliest: number;
  /** The reply's bytes, once there are any. */
  frame: string | undefined;
};

export class OwedReplies {
  #owed: Owed[] = [];
  /** They are about to be looked through: at the end of this turn of the loop. */
  due = false;

  get size(): number {
    return this.#owed.length;
  }

  /** Of the first request that waits. */
  get earliest(): number | undefined {
    return this.#owed[0]?.earliest;
  }

  /** @returns where its reply belongs */
  add(earliest: number, frame?: string): Owed {
    const owed = { earliest, frame };
    this.#owed.push(owed);
    return owed;
  }

  /** The bytes of all that are ready, up to the first that is not. */
  take(): string {
    let frames = '';
    let ready = 0;
    for (const { frame } of this.#owed) {
      if (frame === undefined) break;
      frames += frame;
      ready += 1;
    }
    this.#owed = ready === this.#owed.length ? [] : this.#owed.slice(ready);
    return frames;
  }
}
