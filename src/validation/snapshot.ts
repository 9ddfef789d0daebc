// The merging of a snapshot, the list of all mailboxes of the served domains, into the known store. Whatever
// changes while it is being read wins over it, and a name that the list does not hold any more is forgotten.
// No I/O.
import type { Covers, VerdictCache } from './verdict-cache.js';
import type { Voucher } from './vouchers.js';

/** Mailboxes that may change while a list is read; after more of them it is read again. */
export const CHANGED_MAX = 100_000;

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
   * @param voucherOf whose word it is: of the back-channel that is asked about the mailbox, if any
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

  /**
   * @param mailbox folded, as the cache keeps it
   * @param names of the back-channels whose mailboxes are listed: where several share a domain, one of them has it
   */
  add(mailbox: string, names: readonly string[] = []): void {
    if (this.#outdated || this.#changed.has(mailbox)) return;
    const voucher = memberOf(this.#voucherOf(mailbox), names);
    if (voucher === undefined) return;
    if (this.#cache.list(mailbox, this.#asked, voucher)) this.#size += 1;
    else this.#skipped += 1;
  }

  /**
   * @param confirmed when an earlier process last heard of it, monotonic milliseconds
   * @param name of the back-channel that said so; another one's word is not taken for it
   */
  restore(mailbox: string, confirmed: number, name: string): void {
    if (this.#outdated || this.#changed.has(mailbox)) return;
    const voucher = memberOf(this.#voucherOf(mailbox), [name]);
    if (voucher?.name !== name) return;
    this.#cache.restore(mailbox, confirmed, voucher);
    this.#size += 1;
  }

  /**
   * The list is complete: what it covers and does not hold is known no more, unless it changed meanwhile.
   * @param name of the back-channel that gave the list
   * @param covers whether the list would have held the mailbox
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

/** Of the servers that share a domain the one of that name. */
function memberOf(voucher: Voucher | undefined, names: readonly string[]): Voucher | undefined {
  if (voucher === undefined || voucher.members.size === 0) return voucher;
  for (const member of voucher.members) if (names.includes(member.name)) return member;
  return undefined;
}
