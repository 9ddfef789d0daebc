// The answers to Cyrus that wait: each until all followers have forgotten what its change named, or until its time, at which
// nobody can believe it any more. No I/O; time is a parameter.

type Waiting = { readonly seq: number; readonly until: number; readonly release: () => void };

export class Held {
  /** In the order of their numbers, and so of their times. */
  readonly #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** When the next one is due, in monotonic milliseconds; undefined where none waits. */
  get due(): number | undefined {
    return this.#waiting[0]?.until;
  }

  /** @param until monotonic milliseconds; not before that of the one before */
  hold(seq: number, until: number): Promise<void> {
    return new Promise((release) => this.#waiting.push({ seq, until, release }));
  }

  /** Every follower has acknowledged all changes up to that number. */
  acknowledged(seq: number): void {
    this.#releaseWhile((each) => each.seq <= seq);
  }

  /** @returns the last number that was released because its time had come; undefined where none was */
  expire(now: number): number | undefined {
    return this.#releaseWhile(({ until }) => until <= now);
  }

  releaseAll(): void {
    this.#releaseWhile(() => true);
  }

  #releaseWhile(goes: (waiting: Waiting) => boolean): number | undefined {
    const end = this.#waiting.findIndex((each) => !goes(each));
    const released = this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
    for (const { release } of released) release();
    return released.at(-1)?.seq;
  }
}
