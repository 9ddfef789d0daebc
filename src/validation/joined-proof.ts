// Joins several proofs into one: an answer is outdated as soon as one of them says so. To remember a "no" of one back-channel it
// is enough that one proof would tell us of a change; where several servers share a domain, each server needs such a proof. No I/O.
import { AGE } from './age-proof.js';
import type { Listing, Proof } from './proof.js';
import type { Recipient } from './recipient.js';

/** @returns the proof of age alone where none are given */
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

  /** At most one of the proofs reads commits. */
  get followedSince(): number | undefined {
    return this.#proofs.find(({ followedSince }) => followedSince !== undefined)?.followedSince;
  }

  contradicted(asked: number): void {
    for (const proof of this.#proofs) proof.contradicted?.(asked);
  }

  /** At most one of the proofs holds a list. */
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
    // That one server's list lacks the mailbox does not mean that the other servers lack it.
    listing: (recipient) => (joined.listing(recipient) === 'listed' ? 'listed' : undefined),
  };
}
