import { beforeEach, describe, expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';
import { EventsProof } from '../../../src/validation/events-proof.js';
import { joinProofs, proofOfAll } from '../../../src/validation/joined-proof.js';
import type { Listing } from '../../../src/validation/proof.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';
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

  test('have followed the commits where one of them has', () => {
    const [one, other] = [new HandProof(), new HandProof()];
    const joined = joinProofs([one, other]);
    expect(joined.followedSince).toBeUndefined();
    other.followedSince = 7;
    expect(joined.followedSince).toBe(7);
  });
});

describe('the proof of a "no" that several servers said together', () => {
  let one: HandProof;
  let other: HandProof;
  beforeEach(() => {
    [one, other] = [new HandProof(), new HandProof()];
  });

  test('holds as long as that of each, and vouches where each does', () => {
    const all = proofOfAll([one, other]);
    [one.at, other.at] = [200, 100];
    expect([all.floor(1000), all.vouchesForUnknown]).toEqual([200, true]);
    other.vouchesForUnknown = false;
    expect(all.vouchesForUnknown).toBe(false);
    expect(proofOfAll([]).vouchesForUnknown).toBe(false);
  });

  test('defers where one of them does, and tells each of a contradiction', () => {
    const all = proofOfAll([one, other]);
    expect(all.deferUnknown).toBe(false);
    other.deferUnknown = true;
    expect(all.deferUnknown).toBe(true);
    all.contradicted?.(7);
    expect([one.contradictions, other.contradictions]).toEqual([[7], [7]]);
  });

  test('is described by what is different in them', () => {
    expect(proofOfAll([one, other]).describe()).toBe('by hand');
    expect(proofOfAll([one, new EventsProof()]).describe()).toBe('by hand; events: Cyrus tells each change');
  });

  test.each<[Listing, Listing]>([
    ['listed', 'listed'],
    ['unlisted', undefined],
    [undefined, undefined],
  ])('the list of one, which says %s, says %s of all: what it lacks another may have', (says, expected) => {
    const parsed = parseKey('alice@example.jp', DEFAULT_ADDRESS_RULES);
    if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
    const all = proofOfAll([one, Object.assign(other, { listing: () => says })]);
    expect(all.listing?.(parsed.recipient)).toBe(expected);
  });
});
