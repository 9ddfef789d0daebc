// Merges a snapshot, which is a list of all mailboxes of the served domains, into the store of known mailboxes. A mailbox that
// changes while the list is being read is not taken from it, and a name that the list does not hold any more is forgotten. No I/O.
import type { Covers, VerdictCache } from './verdict-cache.js';
import type { Voucher } from './vouchers.js';

/** So many mailboxes may change while a list is read; where more do, it must be read again. */
const CHANGED_MAX = 100_000;

export class Snapshot {
  readonly #cache: VerdictCache;
  readonly #asked: number;
  readonly #ended: () => void;
  readonly #voucherOf: (mailbox: string) => Voucher | undefined;
  readonly #changed = new Set<string>();
  #outdated = false;
  #size = 0;
  #skipped = 0;

  /**
   * @param asked when the list was asked for, monotonic milliseconds
   * @param ended called once, when no more changes need to be told
   * @param voucherOf the voucher of the back-channel that is asked about a mailbox, if any
   */
  constructor(
    cache: VerdictCache,
    asked: number,
    ended: () => void,
    voucherOf: (mailbox: string) => Voucher | undefined = () => cache.vouchers.only,
  ) {
    this.#cache = cache;
    this.#asked = asked;
    this.#ended = ended;
    this.#voucherOf = voucherOf;
  }

  /** Whether any mailbox may have changed meanwhile without our knowing which, so that the list must be read again. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** How many mailboxes were taken from the list. */
  get size(): number {
    return this.#size;
  }

  /** How many mailboxes were left out because the store had no room. */
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

  /**
   * @param mailbox folded, as the cache keeps it
   * @param names the names of the back-channels whose list this is: where several share a domain, only one has the mailbox
   */
  add(mailbox: string, names: readonly string[] = []): void {
    if (this.#outdated || this.#changed.has(mailbox)) return;
    const voucher = memberOf(this.#voucherOf(mailbox), names);
    if (voucher === undefined) return;
    if (this.#cache.list(mailbox, this.#asked, voucher)) this.#size += 1;
    else this.#skipped += 1;
  }

  /**
   * @param confirmed when Cyrus last confirmed the mailbox to an earlier process, monotonic milliseconds
   * @param name the back-channel that said so; where another one is asked about the mailbox now, it is not restored
   */
  restore(mailbox: string, confirmed: number, name: string): void {
    if (this.#outdated || this.#changed.has(mailbox)) return;
    const voucher = memberOf(this.#voucherOf(mailbox), [name]);
    if (voucher?.name !== name) return;
    this.#cache.restore(mailbox, confirmed, voucher);
    this.#size += 1;
  }

  /**
   * The list is complete: a mailbox that should be in it and is not is no longer known, unless it changed meanwhile.
   * @param name the back-channel that gave the list
   * @param covers tells whether the list would hold a mailbox if it existed
   */
  finish(name: string, covers: Covers): void {
    this.#ended();
    if (!this.#outdated) this.#cache.listComplete(name, this.#asked, covers);
  }

  /** The list could not be read to its end: nothing is forgotten. */
  abandon(): void {
    this.#ended();
  }
}

/** Where several servers share the domain, the one that has one of these names. */
function memberOf(voucher: Voucher | undefined, names: readonly string[]): Voucher | undefined {
  if (voucher === undefined || voucher.members.size === 0) return voucher;
  for (const member of voucher.members) if (names.includes(member.name)) return member;
  return undefined;
}
