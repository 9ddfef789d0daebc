// Up to where each follower has forgotten: as its list in Valkey said when it was read last, and as followers have told since then,
// so that the list need not be read again for each change. It says so only while nobody can believe who is missing here. No I/O;
// time is a parameter.
import type { Instance, Told } from './entry-codec.js';

export class Positions {
  readonly #leaseMs: number;
  #instance: Instance | undefined;
  /** By follower. Undefined where that is not known. */
  #of: Map<string, number> | undefined;
  /** The list has shown more of these than they have told. */
  readonly #silent = new Set<string>();
  #least: { readonly seq: number; followers: number } | undefined;
  /** Under way, or never answered: then it may still be carried out. */
  #drops = 0;
  #surely = -Infinity;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Whether each follower tells by itself, as far as is known. */
  get allTell(): boolean {
    return this.#silent.size === 0;
  }

  /**
   * @param list read after the questions of followers, and before they are answered: so whoever believes is on it
   */
  read(instance: Instance, list: ReadonlyMap<string, number> | undefined): void {
    this.#turnTo(instance);
    const before = this.#of;
    this.#of = list && new Map(list);
    this.#least = undefined;
    for (const follower of this.#silent) if (list?.has(follower) !== true) this.#silent.delete(follower);
    for (const [follower, seq] of list ?? []) {
      const known = before?.get(follower) ?? seq;
      if (known < seq) this.#silent.add(follower);
      else this.#of?.set(follower, known);
    }
  }

  told({ instance, follower, seq }: Told): void {
    const known = instance === this.#instance ? this.#of?.get(follower) : undefined;
    if (known === undefined || this.#of === undefined) return;
    this.#silent.delete(follower);
    if (seq <= known) return;
    this.#of.set(follower, seq);
    if (this.#least?.seq !== known) return;
    this.#least.followers -= 1;
    if (this.#least.followers === 0) this.#least = undefined;
  }

  /**
   * Some are being taken off the list, since their leases are over. Until that is done, and for a lease more, one of them may come on
   * the list again, acknowledge, and believe by a question that was answered before.
   */
  dropping(instance: Instance): void {
    this.#turnTo(instance);
    this.#drops += 1;
  }

  /** @param now monotonic milliseconds */
  dropped(instance: Instance, now: number): void {
    if (instance !== this.#instance) return;
    this.#drops -= 1;
    this.#surely = now + this.#leaseMs;
  }

  /**
   * The number up to which all have forgotten: Infinity where there is nobody; undefined where somebody else may believe.
   * @param now monotonic milliseconds
   */
  least(instance: Instance, now: number): number | undefined {
    if (instance !== this.#instance || this.#of === undefined) return undefined;
    if (this.#drops > 0 || now < this.#surely) return undefined;
    this.#least ??= leastOf(this.#of.values());
    return this.#least.seq;
  }

  /** Each instance has a list of its own. */
  #turnTo(instance: Instance): void {
    if (instance === this.#instance) return;
    this.#instance = instance;
    this.#of = undefined;
    this.#least = undefined;
    this.#silent.clear();
    this.#drops = 0;
    this.#surely = -Infinity;
  }
}

/** @returns the least number, and how many have it */
function leastOf(numbers: Iterable<number>): { seq: number; followers: number } {
  let least = { seq: Infinity, followers: 0 };
  for (const seq of numbers) {
    if (seq < least.seq) least = { seq, followers: 0 };
    if (seq === least.seq) least.followers += 1;
  }
  return least;
}
