// Who vouches for an entry: the back-channel that gave the answer, with its proof of currency and how long it is believed.
// An entry names it by a small number. Numbers are used again; entries of the one before are nobody's then. No I/O.
import { AGE } from './age-proof.js';
import { NEGATIVE_TTL_MAX_MS, type Belief } from './belief.js';
import type { Probe } from './probe.js';
import type { Proof } from './proof.js';

/** A back-channel as it is vouched for. */
export type Vouched = {
  readonly probe: Probe;
  /** Whose word its answers are, over reloads too, whatever else of it changes; undefined: this probe's alone. */
  readonly word?: string;
  readonly proof: Proof;
  readonly belief: Belief;
};

export type Voucher = {
  readonly number: number;
  /** Who is asked now; undefined for the unnamed, and for those of before. */
  probe: Probe | undefined;
  /** Of several servers that share a domain: a "yes" is the word of the one that said it. */
  members: ReadonlySet<Voucher>;
  /** Of the back-channel; empty for those that were not named. */
  name: string;
  proof: Proof;
  belief: Belief;
  /** Entries from before are another's. */
  since: number;
  /** Entries from before may be of a domain that is another's now: the route has to be asked. */
  routedSince: number;
};

/** The number of a back-channel for which there was none left: nothing is remembered of it. */
export const NOBODY = -1;
/** Of back-channels that were not named: one proof and one belief for all, as for a single question. */
const UNNAMED = 0;
const ALONE: ReadonlySet<Voucher> = new Set();

export class Vouchers {
  readonly #numbered: Voucher[] = [];
  readonly #max: number;
  readonly #nobody: Voucher;
  #byProbe = new Map<Probe, Voucher>();
  #byWord = new Map<Probe | string, Voucher>();
  /** Numbers in use no more, the longest unused first. */
  readonly #free: Voucher[] = [];

  /** @param max how many there may be at a time, with the unnamed one */
  constructor(max: number, belief: Belief) {
    this.#max = max;
    this.#nobody = voucherOf(NOBODY, belief, Infinity, Infinity);
    this.#numbered.push(voucherOf(UNNAMED, belief, -Infinity, -Infinity));
  }

  /** The one that an entry names. */
  at(number: number): Voucher {
    return this.#numbered[number] ?? this.#nobody;
  }

  /** The one of a probe; that of the unnamed where it was not named. */
  of(probe: Probe): Voucher {
    return this.#byProbe.get(probe) ?? (this.#byProbe.size === 0 ? this.at(UNNAMED) : this.#nobody);
  }

  /** The only one; undefined where there are several. */
  get only(): Voucher | undefined {
    if (this.#byProbe.size > 1) return undefined;
    const [only] = this.#byProbe.values();
    return only ?? this.at(UNNAMED);
  }

  /**
   * Takes the back-channels of a configuration. Whoever was there before keeps its number, and so what is known of it.
   * @param now monotonic milliseconds
   */
  take(vouched: readonly Vouched[], now: number): void {
    const former = this.#byWord;
    this.#byProbe = new Map();
    this.#byWord = new Map();
    const words = new Set(vouched.map(({ word, probe }) => word ?? probe));
    for (const [word, voucher] of former) if (!words.has(word)) this.#retire(voucher);
    for (const { probe, word = probe, proof, belief } of vouched) {
      const voucher = former.get(word) ?? this.#next(belief, now);
      Object.assign(voucher, { name: probe.name, probe, members: ALONE, proof, belief, routedSince: now });
      this.#byProbe.set(probe, voucher);
      this.#byWord.set(word, voucher);
    }
    for (const { probe } of vouched) {
      if (probe.members !== undefined) this.of(probe).members = this.#membersOf(probe.members);
    }
  }

  #membersOf(probes: readonly Probe[]): ReadonlySet<Voucher> {
    return new Set(probes.flatMap((probe) => this.#byProbe.get(probe) ?? []));
  }

  #retire(voucher: Voucher): void {
    const retired = { probe: undefined, members: ALONE, proof: AGE, since: Infinity, routedSince: Infinity };
    Object.assign(voucher, retired);
    if (voucher.number !== NOBODY) this.#free.push(voucher);
  }

  #next(belief: Belief, now: number): Voucher {
    const used = this.#free.shift();
    if (used !== undefined) {
      used.since = now;
      return used;
    }
    if (this.#numbered.length >= this.#max) return { ...this.#nobody };
    const voucher = voucherOf(this.#numbered.length, belief, -Infinity, now);
    this.#numbered.push(voucher);
    return voucher;
  }
}

/** Whether an entry of `by` is the word of `voucher`: its own, or that of one of its servers. */
export function speaksFor(by: Voucher, voucher: Voucher): boolean {
  return by === voucher || voucher.members.has(by);
}

function voucherOf(number: number, belief: Belief, since: number, routedSince: number): Voucher {
  return { number, name: '', probe: undefined, members: ALONE, proof: AGE, belief, since, routedSince };
}

/** How long a "no" is remembered: where nothing would tell of its end, only if the administrator wants it. */
export function negativeMs({ proof, belief }: Voucher): number {
  const ms = proof.vouchesForUnknown ? belief.negativeMs : belief.unprovenNegativeMs;
  return Math.min(ms, NEGATIVE_TTL_MAX_MS);
}
