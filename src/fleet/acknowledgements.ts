// The waiting for followers: while an answer to Cyrus is held it hears from them, or looks at their list where that does not say all,
// and ends the wait when the leases are over. Its I/O is the store's, and timers.
import type { Log } from '../log/log.js';
import { fleetFollowersLost } from '../log/verbs/fleet.js';
import type { Instance, Told } from './entry-codec.js';
import { Held } from './held.js';
import { Positions } from './positions.js';
import type { PublisherStore } from './store.js';

export type AcknowledgementParts = {
  readonly stream: string;
  readonly store: PublisherStore;
  readonly log: Log;
  readonly leaseMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Whose followers are looked at; undefined while there is no connection. */
  readonly instance: () => Instance | undefined;
  /** Whether the list has all who may believe. */
  readonly isSure: () => boolean;
  /** Whether there was anybody on it a moment ago. */
  readonly isFollowed: () => boolean;
  /** The list of followers is not there any more. */
  readonly lost: () => void;
  readonly failed: (error: unknown) => void;
};

/** Between two looks where somebody does not tell us, or we do not hear it, the last one again and again; an answer of Valkey is awaited in between. */
const LOOKS_MS = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 4];
/** The same where all would be heard. */
const WATCHED_MS = 20;

export class Acknowledgements {
  readonly #parts: AcknowledgementParts;
  readonly #held = new Held();
  #expired = 0;
  #looking = false;
  readonly #positions: Positions;
  /** How often somebody has told us something. */
  #moves = 0;
  #wake = (): void => undefined;
  /**
   * A wait was over though followers had not acknowledged that number. All leases from before it are over, and a beacon since then
   * gives one only to who has acknowledged it: so these believe nothing, and nobody waits for them a second time, though they may
   * come on the list again.
   */
  #floor = 0;
  #expiry: NodeJS.Timeout | undefined;

  constructor(parts: AcknowledgementParts) {
    this.#parts = parts;
    this.#positions = new Positions(parts.leaseMs);
    parts.store.watch((what) => this.#hear(what));
  }

  /** Answers to Cyrus that wait just now. */
  get size(): number {
    return this.#held.size;
  }

  /** Answers that waited until leases were over. */
  get expired(): number {
    return this.#expired;
  }

  /** @param seq not below the one before @param until when nobody can believe any more what was before; monotonic milliseconds */
  hold(seq: number, until: number): Promise<void> {
    const held = this.#held.hold(seq, until);
    this.#settle();
    this.#expireInTime();
    void this.look();
    return held;
  }

  /** @param list as it was after the questions that are answered next; undefined where it is not known */
  read(instance: Instance, list: ReadonlyMap<string, number> | undefined): void {
    this.#positions.read(instance, list);
    this.#settle();
  }

  releaseAll(): void {
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#held.releaseAll();
    this.#wake();
  }

  /** Until nobody waits any more, or there is no connection. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (let looks = 0; this.#held.size > 0; looks++) {
        // Whoever follows acknowledges first.
        if (looks === 0 && this.#parts.isFollowed() && this.#hears) {
          await this.#pause(0);
          continue;
        }
        const instance = this.#parts.instance();
        if (instance === undefined) return;
        const moves = this.#moves;
        const least = await this.#parts.store.least(instance, this.#floor);
        if (instance !== this.#parts.instance()) continue;
        if (least === undefined) this.#parts.lost();
        else if (this.#parts.isSure()) this.#held.acknowledged(least);
        if (this.#held.size > 0 && this.#moves === moves) await this.#pause(looks);
      }
    } catch (error) {
      this.#parts.failed(error);
    } finally {
      this.#looking = false;
    }
  }

  #hear(what: Told): void {
    this.#moves += 1;
    this.#positions.told(what);
    this.#settle();
  }

  /** Ends waits by what is known; where that is not enough the list is looked at. */
  #settle(): void {
    const { instance, now, isSure } = this.#parts;
    const ours = instance();
    const least = ours === undefined || !isSure() ? undefined : this.#positions.least(ours, now());
    const known = least !== undefined && least >= this.#floor;
    if (known) this.#held.acknowledged(least);
    if (!known || this.#held.size === 0) this.#wake();
  }

  /** Whether all that is acknowledged comes to us by itself. */
  get #hears(): boolean {
    return this.#parts.store.watching && this.#positions.allTell;
  }

  async #pause(looks: number): Promise<void> {
    const ms = this.#hears ? WATCHED_MS : (LOOKS_MS[looks] ?? LOOKS_MS.at(-1) ?? 0);
    if (ms === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
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
    this.#floor = last;
    const ours = instance();
    if (ours === undefined) return;
    this.#positions.dropping(ours);
    void store.drop(ours, last).then((followers) => {
      this.#positions.dropped(ours, now());
      if (followers > 0) fleetFollowersLost(log, { stream, followers });
    }, failed);
  }
}
