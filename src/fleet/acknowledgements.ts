// The waiting for followers: looks at their list while an answer to Cyrus is held, and ends the wait when the leases are over. Its
// I/O is the store's, and timers.
import type { Log } from '../log/log.js';
import { fleetFollowersLost } from '../log/verbs/fleet.js';
import type { Instance } from './entry-codec.js';
import { Held } from './held.js';
import type { PublisherStore } from './store.js';

export type AcknowledgementParts = {
  readonly stream: string;
  readonly store: PublisherStore;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Whose followers are looked at; undefined while there is no connection. */
  readonly instance: () => Instance | undefined;
  /** Whether the list has all who may believe. */
  readonly isSure: () => boolean;
  /** The list of followers is not there any more. */
  readonly lost: () => void;
  readonly failed: (error: unknown) => void;
};

/** Between two looks, the last one again and again: an answer of Valkey is awaited in between. */
const LOOKS_MS = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 4];

export class Acknowledgements {
  readonly #parts: AcknowledgementParts;
  readonly #held = new Held();
  #expired = 0;
  #looking = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(parts: AcknowledgementParts) {
    this.#parts = parts;
  }

  /** Answers to Cyrus that wait just now. */
  get size(): number {
    return this.#held.size;
  }

  /** Answers that waited until leases were over. */
  get expired(): number {
    return this.#expired;
  }

  /** @param until when nobody can believe any more what was before; monotonic milliseconds */
  hold(seq: number, until: number): Promise<void> {
    const held = this.#held.hold(seq, until);
    this.#expireInTime();
    void this.look();
    return held;
  }

  releaseAll(): void {
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#held.releaseAll();
  }

  /** Until nobody waits any more, or there is no connection. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (let looks = 0; this.#held.size > 0; looks++) {
        const instance = this.#parts.instance();
        if (instance === undefined) return;
        const least = await this.#parts.store.least(instance);
        if (instance !== this.#parts.instance()) continue;
        if (least === undefined) this.#parts.lost();
        else if (this.#parts.isSure()) this.#held.acknowledged(least);
        const pause = LOOKS_MS[Math.min(looks, LOOKS_MS.length - 1)] ?? 0;
        if (this.#held.size > 0 && pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      }
    } catch (error) {
      this.#parts.failed(error);
    } finally {
      this.#looking = false;
    }
  }

  #expireInTime(): void {
    const { due } = this.#held;
    if (due === undefined || this.#expiry !== undefined) return;
    const expire = (): void => {
      this.#expiry = undefined;
      this.#expire();
      this.#expireInTime();
    };
    this.#expiry = setTimeout(expire, Math.max(0, due - this.#parts.now()));
  }

  /** Whoever has not acknowledged by now believes nothing, and comes on the list again when he asks. */
  #expire(): void {
    const { now, store, log, stream, instance, failed } = this.#parts;
    const before = this.#held.size;
    const last = this.#held.expire(now());
    if (last === undefined) return;
    this.#expired += before - this.#held.size;
    const ours = instance();
    if (ours === undefined) return;
    void store.drop(ours, last).then((followers) => {
      if (followers > 0) fleetFollowersLost(log, { stream, followers });
    }, failed);
  }
}
