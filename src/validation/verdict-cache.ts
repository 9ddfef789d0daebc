// What is remembered of mailboxes, in two stores over lru-cache, so that a flood of unknown names cannot push
// out a known one. Deferred is never remembered. Whether an entry is still believed is decided by its age and
// by Belief, the one place that says how long. No I/O; time is a parameter.
import { ShardedLru } from './sharded-lru.js';
import { DELIVERABLE, OVERQUOTA, REFUSED, UNKNOWN, type Verdict } from './verdict.js';

/** Longest life of a negative entry, whatever is configured: a mailbox may be created the next moment. */
export const NEGATIVE_TTL_MAX_MS = 300_000;

/** How long what Cyrus said is believed, in milliseconds. */
export type Belief = {
  readonly knownMs: number;
  /** After so long a known mailbox is asked about again, in the background: its quota may have changed. */
  readonly freshMs: number;
  /** Unknown and refused; at most NEGATIVE_TTL_MAX_MS. */
  readonly negativeMs: number;
  readonly overQuotaMs: number;
  /** How long a known mailbox is served, at most, while Cyrus cannot be asked. */
  readonly staleMs: number;
};

export const DEFAULT_BELIEF: Belief = Object.freeze({
  knownMs: 60_000,
  freshMs: 60_000,
  negativeMs: 10_000,
  overQuotaMs: 30_000,
  staleMs: 86_400_000,
});

export type CacheLimits = {
  /** Known mailboxes remembered. */
  readonly maxKnown: number;
  /** Unknown and refused ones remembered. */
  readonly maxNegative: number;
};

export const DEFAULT_CACHE_LIMITS: CacheLimits = Object.freeze({ maxKnown: 100_000, maxNegative: 20_000 });

/**
 * Entries are small integers, so that a million of them cost no objects: the time of the confirmation in
 * ticks of 100 ms, times four, plus what is known. The origin lies before the start, so that what an earlier
 * process confirmed has a time too.
 */
const TICK_MS = 100;
const ORIGIN_MS = 30 * 86_400_000;

const CONFIRMED = 0;
const OVER_QUOTA = 1;
/** Stood in a snapshot: it exists, its quota is unknown. */
const FROM_LIST = 2;
/** Known to an earlier process: served only while Cyrus cannot be asked. */
const RESTORED = 3;
/** In the negative store. */
const DENIED = 0;
const NOT_PERMITTED = 1;

type CompleteList = { readonly asked: number; readonly covers: (mailbox: string) => boolean };

/** Deliverable by a snapshot or by an old confirmation: answered at once, and asked about in the background. */
export const LISTED: Verdict = Object.freeze({ kind: 'deliverable' });

export class VerdictCache {
  readonly #known: ShardedLru;
  readonly #negative: ShardedLru;
  readonly #origin: number;
  readonly #lists = new Map<string, CompleteList>();
  #lastList = -Infinity;
  belief: Belief;

  /** @param now the monotonic time of the start, in milliseconds; later times are counted from it */
  constructor(limits: CacheLimits, belief: Belief, now: number) {
    this.#known = new ShardedLru(limits.maxKnown);
    this.#negative = new ShardedLru(limits.maxNegative);
    this.#origin = now - ORIGIN_MS;
    this.belief = belief;
  }

  /** What is believed of a mailbox now; `LISTED` where it should be asked about all the same. */
  believed(mailbox: string, now: number): Verdict | undefined {
    const known = this.#known.get(mailbox);
    if (known === undefined || this.#unlisted(mailbox, known)) return this.#denied(mailbox, now);
    const age = this.#age(known, now);
    switch (known & 3) {
      case CONFIRMED:
        if (age < this.belief.knownMs) return age < this.belief.freshMs ? DELIVERABLE : LISTED;
        return undefined;
      case OVER_QUOTA:
        return age < this.belief.overQuotaMs ? OVERQUOTA : undefined;
      case FROM_LIST:
        return age < this.belief.knownMs ? LISTED : undefined;
      default:
        return undefined;
    }
  }

  /** Whether a mailbox was known not too long ago: what may be served while Cyrus cannot be asked. */
  stale(mailbox: string, now: number): boolean {
    const known = this.#known.get(mailbox);
    if (known === undefined || (known & 3) === OVER_QUOTA || this.#unlisted(mailbox, known)) return false;
    return this.#age(known, now) < this.belief.staleMs;
  }

  /**
   * Remembers what Cyrus said; deferred is not remembered, and takes nothing away.
   * @param asked when the question was put: what Cyrus said is as old as that
   */
  remember(mailbox: string, verdict: Verdict, asked: number): void {
    switch (verdict.kind) {
      case 'deliverable':
        this.#confirm(mailbox, asked, CONFIRMED);
        return;
      case 'overquota':
        this.#confirm(mailbox, asked, OVER_QUOTA);
        return;
      case 'unknown':
        this.#deny(mailbox, asked, DENIED);
        return;
      case 'refused':
        this.#deny(mailbox, asked, NOT_PERMITTED);
        return;
      case 'deferred':
        return;
    }
  }

  /**
   * Remembers that a snapshot listed a mailbox. What is known of its quota stays known, and what Cyrus said since then.
   * @param asked when the snapshot was asked for
   * @returns whether there was room: a list pushes nobody out who was asked about
   */
  list(mailbox: string, asked: number): boolean {
    const denied = this.#negative.size === 0 ? undefined : this.#negative.peek(mailbox);
    if (denied !== undefined && this.#time(denied) >= this.#floor(asked)) return true;
    const known = this.#known.peek(mailbox);
    if (known === undefined) {
      if (this.#known.isFullFor(mailbox)) return false;
      this.#confirm(mailbox, asked, FROM_LIST);
      return true;
    }
    const state = known & 3;
    if (state !== RESTORED && this.#time(known) >= this.#floor(asked)) return true;
    if (state === OVER_QUOTA && this.#age(known, asked) < this.belief.overQuotaMs) return true;
    const quotaKnown = state === CONFIRMED && this.belief.freshMs === Number.POSITIVE_INFINITY;
    this.#confirm(mailbox, asked, quotaKnown ? CONFIRMED : FROM_LIST);
    return true;
  }

  /**
   * A snapshot is complete: whatever it covers and was last confirmed before it is known no more. Judged when
   * a mailbox is looked up, so that no sweep over a large store holds up the lookups of others.
   * @param name of the back-channel; its next snapshot replaces this one
   */
  listComplete(name: string, asked: number, covers: (mailbox: string) => boolean): void {
    this.#lists.set(name, { asked: this.#floor(asked), covers });
    this.#lastList = Math.max(this.#lastList, this.#floor(asked));
  }

  /** Puts back what an earlier process knew, unless something is known already. */
  restore(mailbox: string, confirmed: number): void {
    if (confirmed < this.#origin || this.#known.has(mailbox) || this.#negative.has(mailbox)) return;
    this.#known.set(mailbox, this.#entry(confirmed, RESTORED));
  }

  /** The names in the known store, all at once: a million takes some tens of milliseconds. */
  knownMailboxes(): string[] {
    return this.#known.keys();
  }

  /** When a mailbox was last confirmed; undefined where it is not known, or over its quota. */
  confirmed(mailbox: string): number | undefined {
    const known = this.#known.peek(mailbox);
    if (known === undefined || (known & 3) === OVER_QUOTA || this.#unlisted(mailbox, known)) return undefined;
    return this.#time(known);
  }

  /** How long ago a mailbox was denied, in milliseconds; undefined where nothing says so. */
  deniedMs(mailbox: string, now: number): number | undefined {
    const entry = this.#negative.peek(mailbox);
    return entry === undefined ? undefined : this.#age(entry, now);
  }

  forget(mailbox: string): void {
    this.#known.delete(mailbox);
    this.#negative.delete(mailbox);
  }

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

  #confirm(mailbox: string, asked: number, state: number): void {
    if (this.#negative.size > 0) this.#negative.delete(mailbox);
    this.#known.set(mailbox, this.#entry(asked, state));
  }

  #deny(mailbox: string, asked: number, state: number): void {
    this.#known.delete(mailbox);
    this.#negative.set(mailbox, this.#entry(asked, state));
  }

  #denied(mailbox: string, now: number): Verdict | undefined {
    const entry = this.#negative.get(mailbox);
    if (entry === undefined) return undefined;
    if (this.#age(entry, now) < Math.min(this.belief.negativeMs, NEGATIVE_TTL_MAX_MS)) {
      return (entry & 3) === NOT_PERMITTED ? REFUSED : UNKNOWN;
    }
    this.#negative.delete(mailbox);
    return undefined;
  }

  /** Whether a complete list that would hold the mailbox was asked for after its last confirmation. */
  #unlisted(mailbox: string, entry: number): boolean {
    // Soon over by itself, and a list says nothing of it.
    if ((entry & 3) === OVER_QUOTA) return false;
    const confirmed = this.#time(entry);
    if (confirmed >= this.#lastList) return false;
    for (const list of this.#lists.values()) {
      if (confirmed < list.asked && list.covers(mailbox)) return true;
    }
    return false;
  }

  #floor(time: number): number {
    return this.#time(this.#entry(time, 0));
  }

  /** The tick is rounded down, so that nothing seems younger than it is. */
  #entry(time: number, state: number): number {
    return Math.floor((time - this.#origin) / TICK_MS) * 4 + state;
  }

  /** Division, not a shift: after 590 days the number has more than 31 bits. */
  #time(entry: number): number {
    return this.#origin + Math.floor(entry / 4) * TICK_MS;
  }

  #age(entry: number, now: number): number {
    return now - this.#time(entry);
  }
}
