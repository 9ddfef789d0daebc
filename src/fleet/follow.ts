// A follower at work: beats by which it keeps its lease, reads the stream, and tells the publisher what is forgotten. It is the
// proof of the back-channels whose Cyrus the stream is of. Its I/O is the store's, and timers.
import { messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import type { Proof } from '../validation/proof.js';
import { Follower, type Ack, type FollowerEffects } from './follower.js';
import { BEATS, type Clocks } from './lease.js';
import type { FollowerStore } from './store.js';
import { Trouble } from './trouble.js';

export type FollowingParts = {
  readonly stream: string;
  readonly store: FollowerStore;
  readonly effects: FollowerEffects;
  /** A sum of how names of mailboxes are made. */
  readonly rules: () => string;
  /** How long a "yes" is believed by its age, where the publisher waits for nobody. */
  readonly knownTtlMs: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly log: Log;
};

/** For metrics. */
export type FollowingState = {
  readonly stream: string;
  readonly lease: boolean;
  /** Changes that the publisher knows of and we do not yet. */
  readonly behind: number;
  readonly lastId: string;
  readonly taken: number;
  readonly forgottenAll: number;
  readonly trouble: string | undefined;
};

/** Until the publisher says how long a lease is. */
const FIRST_BEAT_MS = 200;
/** After a read that failed. */
const PAUSE_MS = 200;

export class Following implements Proof {
  readonly deferUnknown = false;
  readonly #parts: FollowingParts;
  readonly #follower: Follower;
  readonly #trouble: Trouble;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #taken = 0;
  #forgottenAll = 0;
  #known = (): void => undefined;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
    const { forget, forgetAll } = parts.effects;
    const effects: FollowerEffects = {
      forget,
      forgetAll: (reason) => {
        this.#forgottenAll += 1;
        forgetAll(reason);
      },
    };
    this.#follower = new Follower(effects, parts.rules, parts.now());
    this.#trouble = new Trouble(parts.log, parts.stream, 'follower', parts.now);
    void this.#beat();
    void this.#read();
  }

  get state(): FollowingState {
    const trouble = this.#follower.trouble(this.#clocks);
    return {
      stream: this.#parts.stream,
      lease: trouble === undefined,
      behind: this.#follower.behind,
      lastId: this.#follower.readFrom ?? '0-0',
      taken: this.#taken,
      forgottenAll: this.#forgottenAll,
      trouble,
    };
  }

  get vouchesForUnknown(): boolean {
    return this.#follower.exact && this.#holds;
  }

  floor(now: number): number {
    const { floor, exact, leaseMs } = this.#follower;
    if (this.#holds) return floor;
    // A publisher that waits for nobody promises nothing that we could lose: so without the lease a "yes" may still be believed
    // by its age.
    return exact || leaseMs === undefined ? Infinity : Math.max(floor, now - this.#parts.knownTtlMs());
  }

  describe(): string {
    const trouble = this.#follower.trouble(this.#clocks);
    return `fleet: stream ${this.#parts.stream}: ${trouble ?? 'the lease holds'}`;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#known();
    this.#parts.store.close();
  }

  get #holds(): boolean {
    return this.#follower.holds(this.#parts.now(), this.#parts.wall());
  }

  get #clocks(): Clocks {
    return { now: this.#parts.now(), wall: this.#parts.wall() };
  }

  async #beat(): Promise<void> {
    const { store, now } = this.#parts;
    const sent = this.#clocks;
    const { ack } = this.#follower;
    try {
      const { beacon, question } = await store.beat(ack);
      this.#follower.heard(beacon, question, sent, ack, now());
      this.#known();
    } catch (error) {
      if (!this.#closed) store.reconnect();
      this.#standsBadly(messageOf(error));
    }
    if (this.#closed) return;
    this.#tell();
    const pause = (this.#follower.leaseMs ?? FIRST_BEAT_MS * BEATS) / BEATS;
    this.#timer = setTimeout(() => void this.#beat(), Math.max(0, pause - (now() - sent.now))).unref();
  }

  async #read(): Promise<void> {
    const { store, now } = this.#parts;
    const acknowledged = (ack: Ack): void => this.#follower.acknowledged(ack);
    let taken = false;
    while (!this.#closed) {
      const from = this.#follower.readFrom;
      if (from === undefined) {
        await new Promise<void>((resolve) => (this.#known = resolve));
        continue;
      }
      try {
        const entries = await store.read(from, taken ? this.#follower.ack : undefined, acknowledged);
        this.#taken += entries.length;
        this.#follower.take(entries, from, now());
        taken = entries.length > 0;
      } catch {
        // The next beat says what is wrong.
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
      }
    }
  }

  #standsBadly(reason: string): void {
    if (!this.#closed && !this.#holds) this.#trouble.tell(reason);
  }

  #tell(): void {
    const trouble = this.#follower.trouble(this.#clocks);
    if (trouble === undefined) this.#trouble.over();
    else if (this.#trouble.reason === undefined) this.#trouble.tell(trouble);
  }
}
