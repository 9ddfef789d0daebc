// Remembers what Cyrus said of mailboxes, in two stores over lru-cache: so a flood of unknown names cannot push out known ones.
// "Deferred" is never remembered. Whether an entry is still believed is decided by the proof of its back-channel, and by Belief,
// which says for how long. No I/O; time is a parameter.
import type { Belief } from './belief.js';
import { CONFIRMED, DENIED, EntryCodec, FROM_LIST, KNOWN_STATES } from './entry.js';
import { NEGATIVE_STATES, NOT_PERMITTED, OVER_QUOTA, RESTORED } from './entry.js';
import { ShardedLru } from './sharded-lru.js';
import { negativeMs, speaksFor, Vouchers, type Voucher } from './vouchers.js';
import { DELIVERABLE, OVERQUOTA, REFUSED, UNKNOWN, type Verdict } from './verdict.js';

export type CacheLimits = {
  /** How many known mailboxes are remembered. */
  readonly maxKnown: number;
  /** How many unknown and refused mailboxes are remembered. */
  readonly maxNegative: number;
};

export const DEFAULT_CACHE_LIMITS: CacheLimits = Object.freeze({ maxKnown: 100_000, maxNegative: 20_000 });

/** At least so many back-channels can be told apart, those that come by reloads included. */
const BACKCHANNELS_MAX = 8;

/** What is remembered of a mailbox, in words. */
export type Kept = { readonly state: string; readonly at: number; readonly by: Voucher };

type CompleteList = { readonly asked: number; readonly covers: Covers };

/** Whether a list would hold a mailbox if it existed. @param holder the name of the back-channel by whose word it is known */
export type Covers = (mailbox: string, holder: string) => boolean;

/** Deliverable because of a snapshot or of an old answer: the reply is "yes" at once, and Cyrus is asked in the background. */
export const LISTED: Verdict = Object.freeze({ kind: 'deliverable' });

export class VerdictCache {
  readonly #known: ShardedLru;
  readonly #negative: ShardedLru;
  readonly #codec: EntryCodec;
  readonly #lists = new Map<string, CompleteList>();
  #lastList = -Infinity;
  #forgotten = 0;
  /** The back-channels by whose word the entries are known. */
  readonly vouchers: Vouchers;

  /**
   * @param belief of back-channels that are not named to `vouchers`
   * @param now the monotonic time of the start, in milliseconds; later times are counted from it
   * @param backchannels how many there are; as many more can come by reloads
   */
  constructor(limits: CacheLimits, belief: Belief, now: number, backchannels = 1) {
    this.#known = new ShardedLru(limits.maxKnown);
    this.#negative = new ShardedLru(limits.maxNegative);
    const max = Math.max(BACKCHANNELS_MAX, 2 ** Math.ceil(Math.log2(2 * backchannels + 1)));
    this.#codec = new EntryCodec(now, max);
    this.vouchers = new Vouchers(max, belief);
  }

  /**
   * What is believed of a mailbox now; `LISTED` where Cyrus should also be asked about it in the background.
   * @param voucher whose word is wanted; without it that of any back-channel, if it is newer than the last change of routes
   */
  believed(mailbox: string, now: number, voucher?: Voucher): Verdict | undefined {
    const entry = this.#known.get(mailbox);
    if (entry === undefined || this.#unlisted(mailbox, entry)) return this.#denied(mailbox, now, voucher);
    const by = this.#vouching(entry, now, voucher);
    if (by === undefined) return undefined;
    const { belief } = by;
    const age = now - this.#codec.time(entry);
    switch (this.#codec.state(entry)) {
      case CONFIRMED:
        if (age < belief.knownMs) return age < belief.freshMs ? DELIVERABLE : LISTED;
        return undefined;
      case OVER_QUOTA:
        return age < belief.overQuotaMs ? OVERQUOTA : undefined;
      case FROM_LIST:
        return age < belief.knownMs ? LISTED : undefined;
      default:
        return undefined;
    }
  }

  /** Whether a mailbox was known not too long ago: then it may be accepted while Cyrus cannot be asked. */
  stale(mailbox: string, now: number, voucher?: Voucher): boolean {
    return this.holder(mailbox, now, voucher) !== undefined;
  }

  /** The back-channel by whose word a mailbox was known not too long ago. */
  holder(mailbox: string, now: number, voucher?: Voucher): Voucher | undefined {
    const entry = this.#known.get(mailbox);
    if (entry === undefined || this.#codec.state(entry) === OVER_QUOTA || this.#unlisted(mailbox, entry)) {
      return undefined;
    }
    const by = this.#ownerOf(entry, voucher);
    return by !== undefined && now - this.#codec.time(entry) < by.belief.staleMs ? by : undefined;
  }

  /**
   * Remembers what Cyrus said. "Deferred" is not remembered, and changes nothing.
   * @param asked when the question was asked: the answer counts as being as old as that
   * @param voucher the voucher of the back-channel that was asked
   */
  remember(mailbox: string, verdict: Verdict, asked: number, voucher = this.vouchers.at(0)): void {
    switch (verdict.kind) {
      case 'deliverable':
        this.#confirm(mailbox, asked, CONFIRMED, voucher);
        return;
      case 'overquota':
        this.#confirm(mailbox, asked, OVER_QUOTA, voucher);
        return;
      case 'unknown':
        this.#deny(mailbox, asked, DENIED, voucher);
        return;
      case 'refused':
        this.#deny(mailbox, asked, NOT_PERMITTED, voucher);
        return;
      case 'deferred':
        return;
    }
  }

  /**
   * When the back-channel last said the opposite of what it says now: that the mailbox exists where it is unknown now, or that
   * it is unknown where it exists now. Undefined where no such answer is remembered.
   */
  opposite(mailbox: string, { kind }: Verdict, voucher: Voucher): Omit<Kept, 'state'> | undefined {
    if (kind === 'deferred' || kind === 'refused') return undefined;
    const entry = kind === 'unknown' ? this.#known.peek(mailbox) : this.#negative.peek(mailbox);
    if (entry === undefined) return undefined;
    const by = this.#ownerOf(entry, voucher);
    const state = this.#codec.state(entry);
    const said = kind === 'unknown' ? state === CONFIRMED || state === OVER_QUOTA : state === DENIED;
    return said && by !== undefined ? { at: this.#codec.time(entry), by } : undefined;
  }

  /**
   * Remembers that a snapshot listed a mailbox. What we know of its quota is kept, and so is what Cyrus said since then.
   * @param asked when the snapshot was asked for
   * @returns whether there was room: a list must not push out mailboxes about which somebody asked
   */
  list(mailbox: string, asked: number, voucher = this.vouchers.at(0)): boolean {
    const listed = this.#codec.rounded(asked);
    const denied = this.#negative.size === 0 ? undefined : this.#negative.peek(mailbox);
    if (denied !== undefined && this.#codec.time(denied) >= listed) return true;
    const known = this.#known.peek(mailbox);
    if (known === undefined) {
      if (this.#known.isFullFor(mailbox)) return false;
      this.#confirm(mailbox, asked, FROM_LIST, voucher);
      return true;
    }
    const state = this.#ownerOf(known, voucher) === undefined ? RESTORED : this.#codec.state(known);
    const time = this.#codec.time(known);
    if (state !== RESTORED && time >= listed) return true;
    if (state === OVER_QUOTA && asked - time < voucher.belief.overQuotaMs) return true;
    const quotaKnown = state === CONFIRMED && voucher.belief.freshMs === Number.POSITIVE_INFINITY;
    this.#confirm(mailbox, asked, quotaKnown ? CONFIRMED : FROM_LIST, voucher);
    return true;
  }

  /**
   * A snapshot is complete: a mailbox that it covers and that was last confirmed before it is no longer known. We judge that when
   * the mailbox is looked up, since a sweep over a large store would hold up other lookups.
   * @param name the back-channel; its next snapshot replaces this one
   */
  listComplete(name: string, asked: number, covers: Covers): void {
    const listed = this.#codec.rounded(asked);
    this.#lists.set(name, { asked: listed, covers });
    this.#lastList = Math.max(this.#lastList, listed);
  }

  /** Puts back a mailbox that an earlier process knew, unless something is remembered of it already. */
  restore(mailbox: string, confirmed: number, voucher = this.vouchers.at(0)): void {
    if (this.#codec.isTooOld(confirmed) || this.#known.has(mailbox) || this.#negative.has(mailbox)) return;
    this.#store(this.#known, mailbox, confirmed, RESTORED, voucher);
  }

  /** The names in the known store, all at once: a million takes some tens of milliseconds. */
  knownMailboxes(): string[] {
    return this.#known.keys();
  }

  /** When a mailbox was last confirmed, and by whom; undefined where it is not known, or over its quota. */
  confirmed(mailbox: string): { readonly at: number; readonly voucher: Voucher } | undefined {
    const entry = this.#known.peek(mailbox);
    if (entry === undefined || this.#codec.state(entry) === OVER_QUOTA || this.#unlisted(mailbox, entry)) {
      return undefined;
    }
    const voucher = this.#ownerOf(entry, undefined);
    return voucher && { at: this.#codec.time(entry), voucher };
  }

  /** How long ago a mailbox was denied, in milliseconds; undefined where nothing says so. */
  deniedMs(mailbox: string, now: number): number | undefined {
    const entry = this.#negative.peek(mailbox);
    return entry === undefined ? undefined : now - this.#codec.time(entry);
  }

  /** What is remembered of a mailbox, since when and by whose word, even if it is not believed: to explain a decision. */
  remembered(mailbox: string): Kept | undefined {
    const known = this.#known.peek(mailbox);
    if (known !== undefined) return this.#kept(known, KNOWN_STATES);
    const denied = this.#negative.peek(mailbox);
    return denied === undefined ? undefined : this.#kept(denied, NEGATIVE_STATES);
  }

  /** Every name in both stores, all at once: a million takes some tens of milliseconds. */
  mailboxes(): string[] {
    return [...this.#known.keys(), ...this.#negative.keys()];
  }

  /** How many entries were pushed out by others since the start. */
  get evictions(): { readonly known: number; readonly negative: number } {
    return { known: this.#known.evictions, negative: this.#negative.evictions };
  }

  forget(mailbox: string): void {
    this.#forgotten += 1;
    this.#known.delete(mailbox);
    this.#negative.delete(mailbox);
  }

  /** Called where names mean other mailboxes than before. */
  forgetAll(): void {
    this.#known.clear();
    this.#negative.clear();
  }

  forgetNegative(): void {
    this.#negative.clear();
  }

  get knownSize(): number {
    return this.#known.size;
  }

  get negativeSize(): number {
    return this.#negative.size;
  }

  #confirm(mailbox: string, asked: number, state: number, voucher: Voucher): void {
    if (this.#negative.size > 0) this.#negative.delete(mailbox);
    this.#store(this.#known, mailbox, asked, state, voucher);
  }

  /** A denial is stored even where it is not believed, so that an older list does not make the mailbox known again. */
  #deny(mailbox: string, asked: number, state: number, voucher: Voucher): void {
    this.#known.delete(mailbox);
    this.#store(this.#negative, mailbox, asked, state, voucher);
  }

  #store(store: ShardedLru, mailbox: string, time: number, state: number, { number }: Voucher): void {
    if (number >= 0) store.set(mailbox, this.#codec.encode(time, state, number));
  }

  #denied(mailbox: string, now: number, voucher: Voucher | undefined): Verdict | undefined {
    const entry = this.#negative.isEmpty ? undefined : this.#negative.get(mailbox);
    if (entry === undefined) return undefined;
    const by = this.#vouching(entry, now, voucher);
    // Where several servers share a domain, the "no" of one is not the "no" of all.
    if (by === undefined || by.proof.deferUnknown || (voucher !== undefined && by !== voucher))
      return undefined;
    if (now - this.#codec.time(entry) >= negativeMs(by)) return undefined;
    return this.#codec.state(entry) === NOT_PERMITTED ? REFUSED : UNKNOWN;
  }

  #kept(entry: number, states: readonly string[]): Kept {
    const state = states[this.#codec.state(entry)] ?? '';
    return { state, at: this.#codec.time(entry), by: this.vouchers.at(this.#codec.owner(entry)) };
  }

  /** The back-channel by whose word an entry is known, if its proof still holds for the entry. */
  #vouching(entry: number, now: number, voucher: Voucher | undefined): Voucher | undefined {
    const by = this.vouchers.at(this.#codec.owner(entry));
    const time = this.#codec.time(entry);
    if (voucher === undefined ? time < by.routedSince : !speaksFor(by, voucher) || time < by.since)
      return undefined;
    // This look at the proof may forget the mailbox itself.
    const forgotten = this.#forgotten;
    if (time < by.proof.floor(now)) return undefined;
    return forgotten === this.#forgotten ? by : undefined;
  }

  /** The back-channel by whose word an entry is known, whether or not the entry is still believed. */
  #ownerOf(entry: number, voucher: Voucher | undefined): Voucher | undefined {
    const by = this.vouchers.at(this.#codec.owner(entry));
    if (voucher !== undefined && !speaksFor(by, voucher)) return undefined;
    return this.#codec.time(entry) < by.since ? undefined : by;
  }

  /** Whether a complete list that would hold the mailbox was asked for after its last confirmation. */
  #unlisted(mailbox: string, entry: number): boolean {
    // Such an entry ends soon by itself, and a list says nothing of quotas.
    if (this.#codec.state(entry) === OVER_QUOTA) return false;
    const confirmed = this.#codec.time(entry);
    if (confirmed >= this.#lastList) return false;
    const { name } = this.vouchers.at(this.#codec.owner(entry));
    for (const list of this.#lists.values()) {
      if (confirmed < list.asked && list.covers(mailbox, name)) return true;
    }
    return false;
  }
}
