import { expect, test } from 'vitest';
import { Question } from '../../../../src/cyrus/pool/question.js';
import { UnavailableError } from '../../../../src/errors.js';
import { DELIVERABLE, UNKNOWN } from '../../../../src/validation/verdict.js';
import { recipientOf, standStill } from './pool-rig.js';

standStill();

const question = (): Question => new Question(recipientOf('alice'), 5_000, undefined);

test('the first answer is the answer', async () => {
  const asked = question();
  expect(asked.settled).toBe(false);
  asked.resolve(DELIVERABLE);
  asked.resolve(UNKNOWN);
  asked.reject(new UnavailableError('too late'));
  expect(asked.settled).toBe(true);
  expect(await asked.verdict).toBe(DELIVERABLE);
});

test('what was refused is not answered any more', async () => {
  const asked = question();
  asked.reject(new UnavailableError('down'));
  asked.resolve(DELIVERABLE);
  expect(asked.settled).toBe(true);
  await expect(asked.verdict).rejects.toThrow('down');
});

test('whoever watches it is told once of its end, unless he has left', () => {
  const told: string[] = [];
  const [watched, left] = [question(), question()];
  watched.watch(() => told.push('watched'));
  left.watch(() => told.push('left'));
  left.watch(undefined);
  for (const each of [watched, left]) {
    each.resolve(DELIVERABLE);
    each.resolve(DELIVERABLE);
  }
  expect(told).toEqual(['watched']);
});
