import { expect, test } from 'vitest';
import { EventsProof } from '../../../src/validation/events-proof.js';

test('all that was ever said holds, until something may have been missed', () => {
  const proof = new EventsProof();
  expect(proof.floor()).toBe(-Infinity);
  expect(proof.vouchesForUnknown).toBe(true);
  expect(proof.deferUnknown).toBe(false);
  proof.gap(1000);
  expect(proof.floor()).toBe(1000);
});

test('nothing holds while events may go to another process, nor what was asked before they come here again', () => {
  const proof = new EventsProof();
  proof.suspend();
  expect(proof.floor()).toBe(Infinity);
  proof.gap(1000);
  expect(proof.floor()).toBe(Infinity);
  proof.resume(2000);
  expect(proof.floor()).toBe(2000);
});

test('no "no" is vouched for once nobody listens', () => {
  const proof = new EventsProof();
  const listening = proof.describe();
  proof.close();
  expect(proof.vouchesForUnknown).toBe(false);
  expect(proof.describe()).not.toBe(listening);
});
