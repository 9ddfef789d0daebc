// A moment of the event loop: what a turn has read is answered in one go, during which nothing more is read. So what is
// looked at for the first of those requests is as new as it has to be for the others. No I/O.

export class Moment {
  #number = 0;
  #lasts = false;

  /** Another number for each moment; undefined between two of them, when something may have been read since. */
  get current(): number | undefined {
    return this.#lasts ? this.#number : undefined;
  }

  /** @param work must not wait for anything */
  during(work: () => void): void {
    this.#number += 1;
    this.#lasts = true;
    try {
      work();
    } finally {
      this.#lasts = false;
    }
  }
}
