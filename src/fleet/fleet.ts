// What crosses machines: the stream that this daemon publishes, where Cyrus is beside it, and those that it follows. Joined here;
// loaded only where [fleet] is configured.
import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FleetConfig } from '../config/config.js';
import type { Log } from '../log/log.js';
import { fleetForgotten } from '../log/verbs/fleet.js';
import type { Proof } from '../validation/proof.js';
import type { AddressRules } from '../validation/recipient.js';
import { readValkeyAccess } from './access.js';
import { Following, type FollowingState } from './follow.js';
import { Former } from './former.js';
import { Publisher } from './publisher.js';
import type { PublisherState } from './publisher-parts.js';
import type { ValkeyAccess } from './connection.js';
import { followerStore, publisherStore, type Admitting } from './valkey.js';

export type FleetParts = {
  readonly config: FleetConfig;
  readonly forget: (mailbox: string) => void;
  /** Changes may have been missed: what is on its way is outdated. */
  readonly missed: () => void;
  readonly rules: () => AddressRules;
  readonly knownTtlMs: () => number;
  /** What tells of changes here, for the publisher. */
  readonly proof: () => Proof | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly log: Log;
};

/** For metrics. */
export type FleetState = {
  readonly publishing: PublisherState | undefined;
  readonly following: readonly FollowingState[];
};

/** For an answer of a Valkey that is there, until a publisher says how long a lease is. */
const ANSWER_MS = 1_000;
/** Between two lines for the same reason; all are counted. */
const TOLD_AGAIN_MS = 60_000;

export class Fleet {
  readonly #parts: FleetParts;
  #access: ValkeyAccess;
  /** Of what is open. */
  readonly #stores = new Map<Publisher | Following, Admitting>();
  readonly #id = randomBytes(8).toString('hex');
  readonly #following = new Map<string, Following>();
  readonly #former: Former;
  #publisher: Publisher | undefined;

  private constructor(parts: FleetParts, access: ValkeyAccess) {
    this.#parts = parts;
    this.#access = access;
    this.#former = new Former(parts.config.leaseMs, parts.now);
  }

  /** Valkey need not be there. @throws ConfigError where a file cannot be used */
  static async open(parts: FleetParts): Promise<Fleet> {
    return new Fleet(parts, await readValkeyAccess(parts.config));
  }

  /**
   * Reads again by what Valkey lets us in.
   * @param config undefined, or another one: that is not in force before a restart
   * @returns undefined where it is not this fleet's
   * @throws ConfigError where a file cannot be used
   */
  async readAccess(config: FleetConfig | undefined): Promise<ValkeyAccess | undefined> {
    return isDeepStrictEqual(config, this.#parts.config) ? readValkeyAccess(this.#parts.config) : undefined;
  }

  /** From the next connections on. */
  admit(access: ValkeyAccess): void {
    this.#access = access;
    for (const store of this.#stores.values()) store.admit(access);
  }

  get state(): FleetState {
    return {
      publishing: this.#publisher?.state,
      following: [...this.#following.values()].map(({ state }) => state),
    };
  }

  /** From now on changes come to this process, and to no other one. */
  replacing(): void {
    this.#former.replaced();
  }

  /** From now on they are published. */
  publish(): void {
    const { config, now, log, proof } = this.#parts;
    const { publish, leaseMs, exact, maxEntries } = config;
    if (publish === undefined || this.#publisher !== undefined) return;
    const store = publisherStore(this.#access, publish, leaseMs, maxEntries);
    this.#publisher = new Publisher({
      stream: publish,
      store,
      leaseMs,
      exact,
      since: this.#former.replaced(),
      proof,
      rules: this.#rules,
      now,
      newInstance: () => randomBytes(8).toString('hex'),
      log,
    });
    this.#stores.set(this.#publisher, store);
  }

  /** See Publisher.changed(). */
  changed(mailboxes: readonly string[] | undefined, waits: boolean): Promise<void> | undefined {
    if (this.#publisher !== undefined) return this.#publisher.changed(mailboxes, waits);
    const { publish, exact } = this.#parts.config;
    if (publish === undefined || !exact || !waits) return undefined;
    // All is forgotten when this process begins to publish.
    return this.#former.heard();
  }

  /** Changes go to another process. */
  suspend(): void {
    this.#publisher?.suspend();
  }

  resume(): void {
    this.#publisher?.resume();
  }

  /** Nothing is published any more. @returns when no follower believes us: before that Cyrus must not be left alone */
  async retire(): Promise<void> {
    await this.#publisher?.retire();
  }

  /** Follows these streams, and no others any more. */
  follow(streams: ReadonlySet<string>): void {
    for (const [stream, following] of this.#following) {
      if (streams.has(stream)) continue;
      following.close();
      this.#stores.delete(following);
      this.#following.delete(stream);
    }
    for (const stream of streams) {
      if (!this.#following.has(stream)) this.#following.set(stream, this.#open(stream));
    }
  }

  /** The proof of the back-channels whose Cyrus a stream is of. */
  proofOf(stream: string): Proof | undefined {
    return this.#following.get(stream);
  }

  close(): void {
    this.#publisher?.close();
    for (const following of this.#following.values()) following.close();
  }

  #open(stream: string): Following {
    const { forget, missed, knownTtlMs, now, wall, log } = this.#parts;
    const told = new Map<string, number>();
    const store = followerStore(this.#access, stream, ANSWER_MS, this.#id);
    const following = new Following({
      stream,
      store,
      effects: {
        forget,
        forgetAll: (reason) => {
          missed();
          if (now() - (told.get(reason) ?? -Infinity) < TOLD_AGAIN_MS) return;
          told.set(reason, now());
          fleetForgotten(log, { stream, reason });
        },
      },
      rules: this.#rules,
      knownTtlMs,
      now,
      wall,
      log,
    });
    this.#stores.set(following, store);
    return following;
  }

  /** Which mailbox an address names: whoever sees that otherwise would forget others than those that changed. */
  readonly #rules = (): string => {
    const { downcase, virtualDomains, defaultDomain } = this.#parts.rules();
    const said = JSON.stringify([downcase, virtualDomains, defaultDomain ?? null]);
    return createHash('sha256').update(said).digest('hex').slice(0, 16);
  };
}
