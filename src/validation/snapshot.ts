// The merging of a snapshot, the list of all mailboxes of the served domains, into the known store. Whatever
// changes while it is being read wins over it, and a name that the list does not hold any more is forgotten.
// No I/O.
import type { VerdictCache } from './verdict-cache.js';

/** Mailboxes that may change while a list is read; after more of them it is read again. */
export const CHANGED_MAX = 100_000;

export class Snapshot {
  readonly #cache: VerdictCache;
  readonly #asked: number;
  readonly #ended: () => void;
  readonly #changed = new Set<string>();
  #outdated = false;
  #size = 0;
  #skipped = 0;

  /**
   * @param asked when the list was asked for, monotonic milliseconds
   * @param ended called once, when no more changes need to be told
   */
  constructor(cache: VerdictCache, asked: number, ended: () => void) {
    this.#cache = cache;
    this.#asked = asked;
    this.#ended = ended;
  }

  /** Whether anything may have changed meanwhile, so that another list is needed. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Mailboxes taken over. */
  get size(): number {
    return this.#size;
  }

  /** Mailboxes for which the store had no room. */
  get skipped(): number {
    return this.#skipped;
  }

  /** A mailbox that changed while the list is read: what the list says of it is not believed. */
  changed(mailbox: string): void {
    if (this.#changed.size >= CHANGED_MAX) this.#outdated = true;
    else this.#changed.add(mailbox);
  }

  outdate(): void {
    this.#outdated = true;
  }

  /** @param mailbox folded, as the cache keeps it */
  add(mailbox: string): void {
    if (this.#outdated || this.#changed.has(mailbox)) return;
    if (this.#cache.list(mailbox, this.#asked)) this.#size += 1;
    else this.#skipped += 1;
  }

  /** @param confirmed when an earlier process last heard of it, monotonic milliseconds */
  restore(mailbox: string, confirmed: number): void {
    if (this.#outdated || this.#changed.has(mailbox)) return;
    this.#cache.restore(mailbox, confirmed);
    this.#size += 1;
  }

  /**
   * The list is complete: what it covers and does not hold is known no more, unless it changed meanwhile.
   * @param name of the back-channel that gave the list
   * @param covers whether the list would have held the mailbox
   */
  finish(name: string, covers: (mailbox: string) => boolean): void {
    this.#ended();
    if (!this.#outdated) this.#cache.listComplete(name, this.#asked, covers);
  }

  /** The list could not be read to its end: nothing is forgotten. */
  abandon(): void {
    this.#ended();
  }
}
