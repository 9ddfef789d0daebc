// Several proofs for one back-channel: what one of them calls outdated is outdated, and a "no" needs one that would tell
// of its end. No I/O.
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
