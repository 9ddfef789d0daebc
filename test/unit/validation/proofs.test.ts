import { describe, expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';
import { EventsProof } from '../../../src/validation/events-proof.js';
import { joinProofs } from '../../../src/validation/joined-proof.js';
import { HandProof } from '../../fakes/hand-proof.js';

test('plain age outdates nothing by itself, and vouches for no "no"', () => {
  expect([AGE.floor(1000), AGE.vouchesForUnknown, AGE.deferUnknown]).toEqual([-Infinity, false, false]);
});

describe('events', () => {
  test('vouch for a "no" while somebody listens', () => {
    const events = new EventsProof();
    expect([events.floor(), events.vouchesForUnknown]).toEqual([-Infinity, true]);
    events.close();
    expect(events.vouchesForUnknown).toBe(false);
  });

  test('outdate everything from before a gap', () => {
    const events = new EventsProof();
    events.gap(1000);
    expect(events.floor()).toBe(1000);
  });

  test('let nothing be believed while they go to another process, and nothing from before when they come again', () => {
    const events = new EventsProof();
    events.suspend();
    expect(events.floor()).toBe(Infinity);
    events.resume(2000);
    expect(events.floor()).toBe(2000);
  });
});

describe('several proofs', () => {
  test('are one where there is one, and plain age where there is none', () => {
    const only = new HandProof();
    expect(joinProofs([only])).toBe(only);
    expect(joinProofs([])).toBe(AGE);
  });

  test('outdate what one of them does, and vouch where one does', () => {
    const [a, b] = [new HandProof(), new HandProof()];
    const both = joinProofs([a, b]);
    Object.assign(a, { at: 1000, vouchesForUnknown: false });
    Object.assign(b, { at: 2000 });
    expect([both.floor(0), both.vouchesForUnknown, both.deferUnknown]).toEqual([2000, true, false]);
    Object.assign(b, { vouchesForUnknown: false, deferUnknown: true });
    expect([both.vouchesForUnknown, both.deferUnknown]).toEqual([false, true]);
    both.contradicted?.(7);
    expect([a.contradictions, b.contradictions]).toEqual([[7], [7]]);
  });
});
