// What is remembered of mailboxes, in two stores over lru-cache, so that a flood of unknown names cannot push
// out a known one. Deferred is never remembered. Whether an entry is still believed is decided by its age and
// by Belief, the one place that says how long. No I/O; time is a parameter.
import { LRUCache } from 'lru-cache';
import { DELIVERABLE, OVERQUOTA, REFUSED, UNKNOWN, type Verdict } from './verdict.js';

/** Longest life of a negative entry, whatever is configured: a mailbox may be created the next moment. */
export const NEGATIVE_TTL_MAX_MS = 300_000;

/** How long what Cyrus said is believed, in milliseconds. */
export type Belief = {
  readonly knownMs: number;
  /** Unknown and refused; at most NEGATIVE_TTL_MAX_MS. */
  readonly negativeMs: number;
  readonly overQuotaMs: number;
  /** How long a known mailbox is served, at most, while Cyrus cannot be asked. */
  readonly staleMs: number;
};

export const DEFAULT_BELIEF: Belief = Object.freeze({
  knownMs: 60_000,
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
 * ticks of 100 ms, doubled, plus a flag. 2^30 ticks are three years of uptime.
 */
const TICK_MS = 100;

export class VerdictCache {
  readonly #known: LRUCache<string, number>;
  readonly #negative: LRUCache<string, number>;
  readonly #start: number;
  belief: Belief;

  /** @param now the monotonic time of the start, in milliseconds; later times are counted from it */
  constructor(limits: CacheLimits, belief: Belief, now: number) {
    this.#known = new LRUCache({ max: limits.maxKnown });
    this.#negative = new LRUCache({ max: limits.maxNegative });
    this.#start = now;
    this.belief = belief;
  }

  /** What is believed of a mailbox now. */
  believed(mailbox: string, now: number): Verdict | undefined {
    const known = this.#known.get(mailbox);
    if (known !== undefined) {
      const overQuota = (known & 1) === 1;
      const life = overQuota ? this.belief.overQuotaMs : this.belief.knownMs;
      if (this.#age(known, now) < life) return overQuota ? OVERQUOTA : DELIVERABLE;
    }
    return this.#denied(mailbox, now);
  }

  /** Whether a mailbox was known not too long ago: what may be served while Cyrus cannot be asked. */
  stale(mailbox: string, now: number): boolean {
    const known = this.#known.get(mailbox);
    return known !== undefined && (known & 1) === 0 && this.#age(known, now) < this.belief.staleMs;
  }

  /** Remembers what Cyrus said; deferred is not remembered, and takes nothing away. */
  remember(mailbox: string, verdict: Verdict, now: number): void {
    switch (verdict.kind) {
      case 'deliverable':
      case 'overquota':
        this.#negative.delete(mailbox);
        this.#known.set(mailbox, this.#entry(now, verdict.kind === 'overquota'));
        return;
      case 'unknown':
      case 'refused':
        this.#known.delete(mailbox);
        this.#negative.set(mailbox, this.#entry(now, verdict.kind === 'refused'));
        return;
      case 'deferred':
        return;
    }
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

  #denied(mailbox: string, now: number): Verdict | undefined {
    const entry = this.#negative.get(mailbox);
    if (entry === undefined) return undefined;
    if (this.#age(entry, now) < Math.min(this.belief.negativeMs, NEGATIVE_TTL_MAX_MS)) {
      return (entry & 1) === 1 ? REFUSED : UNKNOWN;
    }
    this.#negative.delete(mailbox);
    return undefined;
  }

  #entry(now: number, flag: boolean): number {
    return Math.floor((now - this.#start) / TICK_MS) * 2 + (flag ? 1 : 0);
  }

  /** Never younger than it is: the tick is rounded down. */
  #age(entry: number, now: number): number {
    return now - this.#start - (entry >> 1) * TICK_MS;
  }
}
