// The proof of a back-channel whose Cyrus pushes its events to us. Cyrus waits for our answer to each event, so we have forgotten
// a mailbox before its change is visible to anybody. Where an event may have been lost, all earlier answers are outdated. No I/O.
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

  /** An event may have been lost, so any mailbox may have changed before now. @param now monotonic milliseconds */
  gap(now: number): void {
    this.#floor = now;
  }

  /** Events go, or may still go, to another process: nothing may be believed until resume(). */
  suspend(): void {
    this.#suspended = true;
  }

  /** From now on all events come to this process. @param now monotonic milliseconds */
  resume(now: number): void {
    this.gap(now);
    this.#suspended = false;
  }

  /** Nobody listens for events any more. */
  close(): void {
    this.#open = false;
  }
}
