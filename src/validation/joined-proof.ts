// Several proofs in one: what one of them calls outdated is outdated. For one back-channel a "no" needs one proof that would
// tell of its end; where several servers share a domain it needs that of each. No I/O.
import { AGE } from './age-proof.js';
import type { Listing, Proof } from './proof.js';
import type { Recipient } from './recipient.js';

/** @returns plain age where there is none */
export function joinProofs(proofs: readonly Proof[]): Proof {
  const [only] = proofs;
  if (only === undefined) return AGE;
  return proofs.length === 1 ? only : new JoinedProof(proofs);
}

class JoinedProof implements Proof {
  readonly #proofs: readonly Proof[];

  constructor(proofs: readonly Proof[]) {
    this.#proofs = proofs;
  }

  floor(now: number): number {
    let floor = -Infinity;
    for (const proof of this.#proofs) floor = Math.max(floor, proof.floor(now));
    return floor;
  }

  describe(): string {
    return this.#proofs.map((proof) => proof.describe()).join('; ');
  }

  get vouchesForUnknown(): boolean {
    return this.#proofs.some(({ vouchesForUnknown }) => vouchesForUnknown);
  }

  get deferUnknown(): boolean {
    return this.#proofs.some(({ deferUnknown }) => deferUnknown);
  }

  /** At most one of them reads commits. */
  get followedSince(): number | undefined {
    return this.#proofs.find(({ followedSince }) => followedSince !== undefined)?.followedSince;
  }

  contradicted(asked: number): void {
    for (const proof of this.#proofs) proof.contradicted?.(asked);
  }

  /** At most one of them holds a list. */
  listing(recipient: Recipient): Listing {
    for (const proof of this.#proofs) {
      const listing = proof.listing?.(recipient);
      if (listing !== undefined) return listing;
    }
    return undefined;
  }
}

/** The proof of a "no" that several servers said together. @param proofs one for each of them */
export function proofOfAll(proofs: readonly Proof[]): Proof {
  const joined = new JoinedProof(proofs);
  return {
    floor: (now) => joined.floor(now),
    get vouchesForUnknown() {
      return proofs.length > 0 && proofs.every(({ vouchesForUnknown }) => vouchesForUnknown);
    },
    get deferUnknown() {
      return joined.deferUnknown;
    },
    contradicted: (asked) => joined.contradicted(asked),
    describe: () => [...new Set(proofs.map((proof) => proof.describe()))].join('; '),
    // The list of one does not tell that the others lack the mailbox.
    listing: (recipient) => (joined.listing(recipient) === 'listed' ? 'listed' : undefined),
  };
}
