// The rules of a follower: what the beacon and the entries of a stream make it forget, up to where it has forgotten, and whether
// it may believe. Whatever is not in order ends its lease, or makes it forget all: a new publisher, a number that is missing,
// two publishers at a time. No I/O; time is a parameter.
import {
  decodeBeacon,
  decodeEntry,
  type Beacon,
  type Entry,
  type Instance,
  type RawEntry,
} from './entry-codec.js';
import { CONTESTED_LEASES, Lease, type Clocks } from './lease.js';

/** What a follower does to what is remembered. */
export type FollowerEffects = {
  readonly forget: (mailbox: string) => void;
  /** Anything may have changed. */
  readonly forgetAll: (reason: string) => void;
};

/** Up to where a follower has forgotten: what it tells the publisher. */
export type Ack = { readonly instance: Instance; readonly seq: number };

/** Why it may not believe; undefined where it may. */
export type Trouble =
  | 'no publisher was heard of yet'
  | 'no publisher, or one of another release'
  | 'names are made otherwise by the publisher'
  | 'the publisher has stopped'
  | 'two publishers'
  | 'the clock of this machine has jumped'
  | 'neither Valkey nor the publisher has answered in time';

export class Follower {
  readonly #effects: FollowerEffects;
  readonly #rules: () => string;
  readonly #lease = new Lease();
  #beacon: Beacon | undefined;
  #heard: 'nothing' | 'none' | 'beacon' = 'nothing';
  #instance: Instance | undefined;
  #readFrom: string | undefined;
  /** Everything up to this number is forgotten. */
  #applied = 0;
  /** The publisher knows it. */
  #acked = -1;
  /** A number was missing: until the beacon says where we are, nothing is acknowledged. */
  #lost = false;
  #behindSince: number | undefined;
  #begun: { readonly instance: Instance; readonly at: number } | undefined;
  #contestedAt = -Infinity;
  /** The publisher has said that it stops. */
  #ended = false;
  #floor: number;

  /**
   * @param now monotonic milliseconds: nothing is known from before
   * @param rules a sum of how names of mailboxes are made here
   */
  constructor(effects: FollowerEffects, rules: () => string, now: number) {
    this.#effects = effects;
    this.#rules = rules;
    this.#floor = now;
  }

  /** The id of the entry behind which to read; undefined while no publisher is known. */
  get readFrom(): string | undefined {
    return this.#readFrom;
  }

  /** What to acknowledge; undefined while there is nobody, or it is not known where we are. */
  get ack(): Ack | undefined {
    return this.#instance === undefined || this.#lost
      ? undefined
      : { instance: this.#instance, seq: this.#applied };
  }

  get leaseMs(): number | undefined {
    return this.#beacon?.leaseMs;
  }

  /** Whether a "no" may be believed while the lease holds. */
  get exact(): boolean {
    return this.#beacon?.exact ?? false;
  }

  /** Changes that the publisher knows of and we do not yet. */
  get behind(): number {
    return Math.max(0, (this.#beacon?.seq ?? 0) - this.#applied);
  }

  /** What was asked before is outdated. */
  get floor(): number {
    return this.#floor;
  }

  /** Asked for each lookup. @param now monotonic milliseconds @param wall milliseconds since 1970 */
  holds(now: number, wall: number): boolean {
    return this.#lease.holds(now, wall) && !this.#contested(now);
  }

  trouble({ now, wall }: Clocks): Trouble | undefined {
    if (this.#contested(now)) return 'two publishers';
    if (this.#lease.holds(now, wall)) return undefined;
    if (this.#heard === 'nothing') return 'no publisher was heard of yet';
    if (this.#heard === 'none') return 'no publisher, or one of another release';
    if (this.#ended) return 'the publisher has stopped';
    if (this.#beacon?.rules !== this.#rules()) return 'names are made otherwise by the publisher';
    if (this.#lease.jumped(now)) return 'the clock of this machine has jumped';
    return 'neither Valkey nor the publisher has answered in time';
  }

  /**
   * What Valkey answered to one beat, in this order: the beacon, the acknowledgement that was sent along, the number of the question.
   * @param sent read before the beat was sent
   */
  heard(text: string | null, question: number, sent: Clocks, acked: Ack | undefined, now: number): void {
    const beacon = decodeBeacon(text);
    this.#heard = beacon === undefined ? 'none' : 'beacon';
    if (beacon === undefined) return;
    this.#beacon = beacon;
    if (beacon.instance !== this.#instance) {
      this.#join(beacon, now);
      return;
    }
    if (this.#lost) this.#jumpTo(beacon.seq, 'entries of the stream are missing', now);
    else if (this.#isLong(beacon, now))
      this.#jumpTo(beacon.seq, 'changes did not come through the stream', now);
    if (acked !== undefined) this.acknowledged(acked);
    // Only who is known to the publisher when it reads the question may go by its answer.
    if (acked?.instance === this.#instance) this.#lease.ask(question, beacon.answers, sent);
  }

  /** The publisher can see that. */
  acknowledged({ instance, seq }: Ack): void {
    if (instance !== this.#instance) return;
    this.#acked = Math.max(this.#acked, seq);
    const beacon = this.#beacon;
    // The beacon tells of changes up to its number: who has not forgotten those may not believe by it.
    if (beacon?.instance !== instance || this.#acked < beacon.seq || beacon.rules !== this.#rules()) return;
    this.#lease.answer(beacon.answers, beacon.leaseMs);
  }

  /** @param from behind which they were read: where that is no more our place, they still make forget */
  take(entries: readonly RawEntry[], from: string, now: number): void {
    for (const [id, fields] of entries) {
      const inPlace = from === this.#readFrom;
      if (inPlace) this.#readFrom = from = id;
      this.#apply(decodeEntry(fields), inPlace, now);
    }
  }

  #apply(entry: Entry, inPlace: boolean, now: number): void {
    switch (entry.kind) {
      case 'begin':
        this.#begin(entry.instance, now);
        return;
      case 'end':
        if (entry.instance === this.#instance) this.#end(entry.seq, inPlace, now);
        return;
      case 'strange':
        this.#forgetAll('an entry of the stream cannot be understood', now);
        return;
      case 'change':
        if (entry.mailboxes === undefined)
          this.#forgetAll('the publisher says that anything may have changed', now);
        else for (const mailbox of entry.mailboxes) this.#effects.forget(mailbox);
        if (inPlace && entry.instance === this.#instance) this.#count(entry.seq);
        return;
    }
  }

  /** One more, or one that came twice; else some are missing. */
  #count(seq: number): void {
    if (seq === this.#applied + 1) this.#applied = seq;
    else if (seq > this.#applied) this.#lost = true;
    if (this.#lost) this.#lease.end();
  }

  #begin(instance: Instance, now: number): void {
    const before = this.#begun;
    const leaseMs = this.leaseMs ?? 0;
    if (before !== undefined && before.instance !== instance && now - before.at < CONTESTED_LEASES * leaseMs)
      this.#contestedAt = now;
    this.#begun = { instance, at: now };
    if (instance === this.#instance && !this.#contested(now)) return;
    this.#lease.end();
    this.#forgetAll('another publisher has begun', now);
  }

  /** It answers no questions any more. Those that it has answered were put before, and are of no use. */
  #end(seq: number, inPlace: boolean, now: number): void {
    this.#ended = true;
    this.#lease.end();
    this.#forgetAll('the publisher has stopped', now);
    if (inPlace) this.#count(seq);
  }

  /** A publisher that we do not know: whatever happened between it and the one before, nobody has told us. */
  #join(beacon: Beacon, now: number): void {
    const first = this.#instance === undefined;
    this.#instance = beacon.instance;
    this.#ended = false;
    this.#readFrom = beacon.lastId;
    this.#applied = beacon.seq;
    this.#acked = -1;
    this.#lost = false;
    this.#behindSince = undefined;
    this.#lease.end();
    this.#forgetAll(
      first ? 'the publisher is heard of for the first time' : 'the publisher is a new one',
      now,
    );
  }

  #jumpTo(seq: number, reason: string, now: number): void {
    this.#lost = false;
    this.#behindSince = undefined;
    this.#applied = Math.max(this.#applied, seq);
    this.#lease.end();
    this.#forgetAll(reason, now);
  }

  #isLong({ seq, leaseMs }: Beacon, now: number): boolean {
    if (seq <= this.#applied) this.#behindSince = undefined;
    else this.#behindSince ??= now;
    return this.#behindSince !== undefined && now - this.#behindSince > leaseMs;
  }

  #contested(now: number): boolean {
    return now - this.#contestedAt < CONTESTED_LEASES * (this.leaseMs ?? 0);
  }

  #forgetAll(reason: string, now: number): void {
    this.#floor = now;
    this.#effects.forgetAll(reason);
  }
}
