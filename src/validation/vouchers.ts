// A voucher stands for the back-channel that gave an answer, with its proof of currency and how long its answers are believed.
// Each entry of the cache names its voucher by a small number. A number may be given to another back-channel after a reload:
// entries of the former one are not believed any more. No I/O.
import { AGE } from './age-proof.js';
import { NEGATIVE_TTL_MAX_MS, type Belief } from './belief.js';
import type { Probe } from './probe.js';
import type { Proof } from './proof.js';

/** A back-channel, and what decides whether its answers are believed. */
export type Vouched = {
  readonly probe: Probe;
  /** Names who answers, so that a reload keeps what is known even if other settings change. Undefined: only this probe. */
  readonly word?: string;
  readonly proof: Proof;
  readonly belief: Belief;
};

export type Voucher = {
  readonly number: number;
  /** The probe that is asked now; undefined for the unnamed voucher, and for back-channels of a former configuration. */
  probe: Probe | undefined;
  /** The servers, where several share a domain: a "yes" is remembered as the word of the server that said it. */
  members: ReadonlySet<Voucher>;
  /** The name of the back-channel; empty for those that were not named. */
  name: string;
  proof: Proof;
  belief: Belief;
  /** Entries that are older belong to another back-channel, which had this number before. */
  since: number;
  /** The domain of an older entry may belong to another back-channel now: so the route must be looked up. */
  routedSince: number;
};

/** The number of a back-channel that came when all numbers were in use: nothing that it says is remembered. */
const NOBODY = -1;
/** The number of all back-channels that were not named: they share one proof and one belief, as for a single question. */
const UNNAMED = 0;
const ALONE: ReadonlySet<Voucher> = new Set();

export class Vouchers {
  readonly #numbered: Voucher[] = [];
  readonly #max: number;
  readonly #nobody: Voucher;
  #byProbe = new Map<Probe, Voucher>();
  #byWord = new Map<Probe | string, Voucher>();
  /** Vouchers whose numbers are no longer in use, the longest unused first. */
  readonly #free: Voucher[] = [];

  /** @param max how many there may be at a time, the unnamed one included */
  constructor(max: number, belief: Belief) {
    this.#max = max;
    this.#nobody = voucherOf(NOBODY, belief, Infinity, Infinity);
    this.#numbered.push(voucherOf(UNNAMED, belief, -Infinity, -Infinity));
  }

  /** The voucher with the number that an entry has. */
  at(number: number): Voucher {
    return this.#numbered[number] ?? this.#nobody;
  }

  /** The voucher of a probe; where no probes were named, that of the unnamed. */
  of(probe: Probe): Voucher {
    return this.#byProbe.get(probe) ?? (this.#byProbe.size === 0 ? this.at(UNNAMED) : this.#nobody);
  }

  /** The only voucher; undefined where there are several. */
  get only(): Voucher | undefined {
    if (this.#byProbe.size > 1) return undefined;
    const [only] = this.#byProbe.values();
    return only ?? this.at(UNNAMED);
  }

  /**
   * Takes the back-channels of a configuration. One that was there before keeps its number, and so what it said stays known.
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

/** Whether the word of `by` counts as that of `voucher`: the two are the same, or `by` is one of its servers. */
export function speaksFor(by: Voucher, voucher: Voucher): boolean {
  return by === voucher || voucher.members.has(by);
}

function voucherOf(number: number, belief: Belief, since: number, routedSince: number): Voucher {
  return { number, name: '', probe: undefined, members: ALONE, proof: AGE, belief, since, routedSince };
}

/** How long a "no" is remembered: where nothing would tell us of a change, only if the administrator wants it. */
export function negativeMs({ proof, belief }: Voucher): number {
  const ms = proof.vouchesForUnknown ? belief.negativeMs : belief.unprovenNegativeMs;
  return Math.min(ms, NEGATIVE_TTL_MAX_MS);
}
