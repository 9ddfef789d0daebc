import { describe, expect, test } from 'vitest';
import { Question } from '../../../../src/cyrus/pool/question.js';
import { Refusals } from '../../../../src/cyrus/pool/refusals.js';
import { UnavailableError } from '../../../../src/errors.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../../src/validation/recipient.js';

const DOWN = new UnavailableError('down');

function questions(count: number): Question[] {
  const parsed = parseKey('somebody@example.jp', DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  const { recipient } = parsed;
  const made = Array.from({ length: count }, () => new Question(recipient, 5_000, undefined));
  for (const question of made) question.verdict.catch(() => undefined);
  return made;
}

const settled = (made: readonly Question[]): number => made.filter((question) => question.settled).length;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('refusals', () => {
  test('are at once for a few', () => {
    const refusals = new Refusals();
    const few = questions(200);
    for (const question of few) refusals.refuse(question, DOWN);
    expect(settled(few)).toBe(200);
  });

  test('of thousands have turns of the event loop between, and come to an end in their order', async () => {
    const refusals = new Refusals();
    const many = questions(2_000);
    for (const question of many) refusals.refuse(question, DOWN);
    let before = settled(many);
    expect(before).toBeLessThanOrEqual(300);
    for (let turns = 0; before < 2_000 && turns < 20; turns++) {
      await turn();
      const now = settled(many);
      expect(now - before).toBeLessThanOrEqual(300);
      expect(many.findIndex((question) => !question.settled)).toBe(now === 2_000 ? -1 : now);
      before = now;
    }
    expect(before).toBe(2_000);
  });

  test('in every turn have the same share', async () => {
    const refusals = new Refusals();
    for (let i = 0; i < 5; i++) {
      const few = questions(200);
      for (const question of few) refusals.refuse(question, DOWN);
      expect(settled(few)).toBe(200);
      await turn();
    }
  });
});
