import { describe, expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';
import { EventsProof } from '../../../src/validation/events-proof.js';
import { joinProofs } from '../../../src/validation/joined-proof.js';
import { HandProof } from '../../fakes/hand-proof.js';

describe('proofs that are joined', () => {
  test('are plain age where there is none, and the only one where there is one', () => {
    const only = new HandProof();
    expect(joinProofs([])).toBe(AGE);
    expect(joinProofs([only])).toBe(only);
  });

  test('believe nothing that one of them calls outdated, and vouch for a "no" where one of them would tell', () => {
    const [one, other] = [new HandProof(), new HandProof()];
    const joined = joinProofs([one, other]);
    one.at = 100;
    other.at = 200;
    expect(joined.floor(1000)).toBe(200);
    one.vouchesForUnknown = false;
    expect(joined.vouchesForUnknown).toBe(true);
    other.vouchesForUnknown = false;
    expect(joined.vouchesForUnknown).toBe(false);
  });

  test('defer an unknown where one of them does', () => {
    const [one, other] = [new HandProof(), new HandProof()];
    const joined = joinProofs([one, other]);
    expect(joined.deferUnknown).toBe(false);
    other.deferUnknown = true;
    expect(joined.deferUnknown).toBe(true);
  });

  test('tell both of a contradiction, and describe both', () => {
    const [events, other] = [new EventsProof(), new HandProof()];
    const joined = joinProofs([events, other]);
    joined.contradicted?.(7);
    expect(other.contradictions).toEqual([7]);
    expect(joined.describe()).toBe('events: Cyrus tells each change; by hand');
    events.close();
    expect(joined.describe()).toBe('events: nobody listens to them any more; by hand');
  });
});
