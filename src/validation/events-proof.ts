// The proof of a back-channel whose Cyrus pushes its events: it waits for our answer to each, so whatever it changes is
// forgotten before anybody can know of it. Where an event may have been lost, everything before is outdated. No I/O.
import type { Proof } from './proof.js';

export class EventsProof implements Proof {
  readonly deferUnknown = false;
  #floor = -Infinity;
  #open = true;
  #suspended = false;

  get vouchesForUnknown(): boolean {
    return this.#open;
  }

  floor(): number {
    return this.#suspended ? Infinity : this.#floor;
  }

  describe(): string {
    return this.#open ? 'events: Cyrus tells each change' : 'events: nobody listens to them any more';
  }

  /** @param now monotonic milliseconds: an event may have been lost, so anything may have changed before */
  gap(now: number): void {
    this.#floor = now;
  }

  /** Events go, or may still go, to another process: nothing can be believed. */
  suspend(): void {
    this.#suspended = true;
  }

  /** From now on all of them come here. @param now monotonic milliseconds */
  resume(now: number): void {
    this.gap(now);
    this.#suspended = false;
  }

  /** Nobody listens any more. */
  close(): void {
    this.#open = false;
  }
}
