// A proof that is set by hand, and counts what it is told.
import type { Proof } from '../../src/validation/proof.js';

export class HandProof implements Proof {
  at = -Infinity;
  vouchesForUnknown = true;
  deferUnknown = false;
  followedSince: number | undefined;
  /** How often it was looked at. */
  looks = 0;
  readonly contradictions: number[] = [];

  describe(): string {
    return 'by hand';
  }

  floor(): number {
    this.looks += 1;
    return this.at;
  }

  contradicted(asked: number): void {
    this.contradictions.push(asked);
  }
}
