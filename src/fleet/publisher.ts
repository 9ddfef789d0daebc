// The publisher, beside Cyrus: puts each change into the stream, and holds the answer to Cyrus until all followers have forgotten,
// or their leases are over by its own clock. It answers the followers' questions, by which they keep their leases, only while it
// can tell what changes. Its I/O is the store's, and timers.
import { messageOf } from '../errors.js';
import * as verbs from '../log/verbs/fleet.js';
import { Acknowledgements } from './acknowledgements.js';
import {
  decodeBeacon,
  encodeBeacon,
  encodeBegin,
  encodeChange,
  encodeEnd,
  type Change,
  type Instance,
} from './entry-codec.js';
import { BEATS, CONTESTED_LEASES } from './lease.js';
import type { PublisherParts, PublisherState } from './publisher-parts.js';
import { Trouble } from './trouble.js';
import { Untold } from './untold.js';

/** More changes that cannot be told are told as one: a new instance, of which everybody forgets all. */
const WAITING_MAX = 1_000;
const ORIGIN = '0-0';

export class Publisher {
  readonly #parts: PublisherParts;
  readonly #acknowledgements: Acknowledgements;
  readonly #trouble: Trouble;
  #instance: Instance;
  #lastId = ORIGIN;
  readonly #untold = new Untold();
  #standing: 'new' | 'established' | 'unlinked' | 'suspended' = 'new';
  /** When the last questions were read that may have been answered; nobody's lease is counted from a later time. */
  #answeredAt: number;
  /** Until then there may be followers that are not on the list. */
  #unsureUntil: number;
  #floor: number | undefined;
  #followers = 0;
  #beating = false;
  readonly #beat: NodeJS.Timeout;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#instance = parts.newInstance();
    this.#trouble = new Trouble(parts.log, parts.stream, 'publisher', parts.now);
    const { stream, store, log, leaseMs, now } = parts;
    this.#acknowledgements = new Acknowledgements({
      stream,
      store,
      log,
      leaseMs,
      now,
      instance: () => (this.#isEstablished || this.#isSuspended ? this.#instance : undefined),
      isSure: () => now() >= this.#unsureUntil,
      isFollowed: () => this.#followers > 0,
      lost: () => this.#renew(),
      failed: (error) => this.#unlinked(messageOf(error)),
    });
    this.#answeredAt = parts.since;
    this.#unsureUntil = this.#answeredAt + leaseMs;
    this.#beat = setInterval(() => void this.#once(), leaseMs / BEATS).unref();
    void this.#once();
  }

  get state(): PublisherState {
    return {
      stream: this.#parts.stream,
      instance: this.#instance,
      seq: this.#untold.seq,
      lastId: this.#lastId,
      followers: this.#followers,
      waiting: this.#untold.size,
      held: this.#acknowledgements.size,
      expired: this.#acknowledgements.expired,
      trouble: this.#trouble.reason,
    };
  }

  /**
   * Something changed, and is forgotten here already.
   * @param mailboxes as the cache names them; undefined where any may have changed
   * @param waits whether whoever made the change waits for us
   * @returns what to wait for before it is answered: a lease at most; undefined where there is nothing to wait for
   */
  changed(mailboxes: readonly string[] | undefined, waits: boolean): Promise<void> | undefined {
    // Nothing needs to be told any more, but whoever has not heard so believes until his lease is over.
    if (!this.#isSuspended) this.#tell(this.#changeOf(mailboxes, waits));
    return waits ? this.#heard() : undefined;
  }

  /** Changes go, or may go, to another process, or to none. Followers are told, so that they believe nothing from now on. */
  suspend(): void {
    if (this.#isSuspended) return;
    const linked = this.#standing === 'established';
    this.#standing = 'suspended';
    const seq = this.#untold.next();
    // Where it does not come through, leases end by themselves.
    const ended = linked ? this.#parts.store.append(encodeEnd(this.#instance, seq)) : undefined;
    ended?.catch(() => undefined);
  }

  /** @returns when no follower believes us any more: all have heard it, or their leases are over */
  async retire(): Promise<void> {
    this.suspend();
    await this.#heard();
  }

  /** They come here again. What went elsewhere was not told. */
  resume(): void {
    this.#standing = 'new';
    this.#renew();
  }

  /** What nobody waits for, and is no matter of all mailboxes, goes with the next change, or with the next beat. */
  #changeOf(mailboxes: readonly string[] | undefined, waits: boolean): Change | undefined {
    if (waits || mailboxes === undefined) return this.#untold.number(mailboxes);
    return this.#untold.gather(mailboxes);
  }

  #tell(change: Change | undefined): void {
    if (change === undefined) return;
    if (this.#untold.numbered.size > WAITING_MAX) this.#renew();
    else if (this.#isEstablished) void this.#append(change);
  }

  /** Until all followers have heard what has the last number, or their leases are over; undefined where nobody believes. */
  #heard(): Promise<void> | undefined {
    const { now, leaseMs, exact } = this.#parts;
    // Whoever is answered from now on has to forget this first.
    const until = this.#answeredAt + leaseMs;
    return exact && until > now() ? this.#acknowledgements.hold(this.#untold.seq, until) : undefined;
  }

  close(): void {
    clearInterval(this.#beat);
    this.#standing = 'suspended';
    this.#acknowledgements.releaseAll();
    this.#parts.store.close();
  }

  /** Looks now whether something has changed, and answers the followers. */
  async #once(): Promise<void> {
    if (this.#beating || this.#standing === 'suspended') return;
    this.#beating = true;
    try {
      await this.#converse();
    } catch (error) {
      this.#unlinked(messageOf(error));
    } finally {
      this.#beating = false;
    }
  }

  async #converse(): Promise<void> {
    const { store, now } = this.#parts;
    if (this.#standing === 'new') await this.#begin();
    const instance = this.#instance;
    const { question, list } = await store.hear(instance);
    const readAt = now();
    if (this.#standing === 'unlinked') this.#linked();
    if (!this.#isEstablished) return;
    // Whoever is answered next is on this list.
    this.#acknowledgements.read(instance, list);
    // What changed before the questions were read is numbered before they are answered.
    if (!this.#lookAtProof()) return;
    this.#tell(this.#untold.numberGathered());
    // There were too many to be told: another instance begins.
    if (instance !== this.#instance) return;
    const answeredAt = this.#answeredAt;
    this.#answeredAt = readAt;
    const { before, followers } = await store.shine(instance, this.#encoded(question));
    if (this.#isSuspended) return;
    this.#followers = Math.max(0, followers);
    if (before === null || followers < 0) {
      // Where there was no beacon none was written, and nobody was answered.
      if (before === null) this.#answeredAt = answeredAt;
      verbs.fleetStreamLost(this.#parts.log, { stream: this.#parts.stream });
      this.#renew();
      return;
    }
    if (decodeBeacon(before)?.instance === instance) this.#trouble.over();
    else await this.#contested();
  }

  async #begin(): Promise<void> {
    const { store } = this.#parts;
    const instance = this.#instance;
    const former = decodeBeacon(await store.beacon());
    if (former !== undefined && former.instance !== instance) await store.dropFollowers(former.instance);
    this.#lastId = await store.append(encodeBegin(instance));
    // No question is answered by it.
    await store.begin(instance, this.#encoded(0));
    if (this.#standing !== 'new' || this.#instance !== instance) return;
    this.#linked();
  }

  /** Sends all that is not known to be there; what comes twice does no harm. */
  #linked(): void {
    this.#standing = 'established';
    // Whoever had a question answered over the connection before may be missing on the list.
    this.#unsureUntil = Math.max(this.#unsureUntil, this.#answeredAt + this.#parts.leaseMs);
    for (const change of this.#untold.numbered) void this.#append(change);
    void this.#acknowledgements.look();
  }

  async #append(change: Change): Promise<void> {
    const instance = this.#instance;
    try {
      const id = await this.#parts.store.append(encodeChange(instance, change));
      if (instance !== this.#instance) return;
      this.#lastId = id;
      this.#untold.told(change);
    } catch (error) {
      if (instance === this.#instance) this.#unlinked(messageOf(error));
    }
  }

  #unlinked(reason: string): void {
    if (this.#standing === 'suspended') return;
    if (this.#standing === 'established') {
      this.#standing = 'unlinked';
      this.#parts.store.reconnect();
    }
    this.#trouble.tell(reason);
  }

  /** @returns whether followers may be answered: something tells of each change here */
  #lookAtProof(): boolean {
    const { proof, now } = this.#parts;
    const told = proof();
    const floor = told === undefined ? Infinity : told.floor(now());
    if (floor === Infinity) {
      this.#trouble.tell(told === undefined ? 'nothing tells of changes here' : told.describe());
      return false;
    }
    const last = this.#floor;
    this.#floor = floor;
    if (last !== undefined && last !== floor) void this.changed(undefined, false);
    return true;
  }

  /** Followers forget all that they know. */
  #renew(): void {
    if (this.#isSuspended) return;
    this.#instance = this.#parts.newInstance();
    this.#untold.clear();
    this.#lastId = ORIGIN;
    this.#floor = undefined;
    this.#unsureUntil = Math.max(this.#unsureUntil, this.#answeredAt + this.#parts.leaseMs);
    this.#standing = 'new';
    void this.#once();
  }

  /** Another process says that it is the publisher. Followers see the same, and believe neither. */
  async #contested(): Promise<void> {
    const { store, log, stream, leaseMs, now } = this.#parts;
    this.#unsureUntil = now() + CONTESTED_LEASES * leaseMs;
    if (this.#trouble.tell('another publisher is there')) verbs.fleetTwoPublishers(log, { stream });
    await store.append(encodeBegin(this.#instance));
  }

  #encoded(answers: number): string {
    const { leaseMs, exact, rules } = this.#parts;
    const seq = this.#untold.seq;
    return encodeBeacon({
      instance: this.#instance,
      answers,
      seq,
      lastId: this.#lastId,
      leaseMs,
      exact,
      rules: rules(),
    });
  }

  get #isEstablished(): boolean {
    return this.#standing === 'established';
  }

  get #isSuspended(): boolean {
    return this.#standing === 'suspended';
  }
}
