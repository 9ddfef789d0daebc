import { expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';

test('without anything that tells of a change nothing is outdated, and no "no" is vouched for', () => {
  expect(AGE.floor(1_000)).toBe(-Infinity);
  expect([AGE.vouchesForUnknown, AGE.deferUnknown]).toEqual([false, false]);
  expect(AGE.describe()).toContain('no "no" is remembered');
});
