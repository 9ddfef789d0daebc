// What is known of a batch before its end, who is told of it, and in whose name.
import { describe, expect, test, vi } from 'vitest';
import { deferred, DELIVERABLE, UNKNOWN } from '../../../../src/validation/verdict.js';
import { ask, newPool, now, opened, recipientOf, settle, standStill } from './pool-rig.js';

standStill();

test('a yes is given before the end of its batch where that takes long; the others wait for the end', async () => {
  const pool = newPool();
  const [alice, bob] = ['alice', 'bob'].map((local) => ask(pool, local));
  const session = await opened();
  session.tell(0);
  await settle();
  expect(alice?.settled).toBe(undefined);
  await vi.advanceTimersByTimeAsync(250);
  expect([alice?.settled, bob?.settled]).toEqual(['deliverable', undefined]);
  await session.answer(UNKNOWN);
  expect([alice?.settled, bob?.settled]).toEqual(['deliverable', 'unknown']);
});

test('what is no yes names the back-channel that was asked', async () => {
  const pool = newPool();
  const verdicts = ['alice', 'bob'].map((local) => pool.check(recipientOf(local), now() + 5_000));
  const session = await opened();
  session.tell(0, deferred('not now'));
  await vi.advanceTimersByTimeAsync(250);
  await session.answer(UNKNOWN);
  expect(await Promise.all(verdicts)).toEqual([
    { kind: 'deferred', reason: 'not now', evidence: { backchannel: 'cyrus' } },
    { kind: 'unknown', evidence: { backchannel: 'cyrus' } },
  ]);
  const yes = pool.check(recipientOf('carol'), now() + 5_000);
  await session.answer();
  expect(await yes).toBe(DELIVERABLE);
});

describe('a connection that guesses names', () => {
  const guesser = { gone: false };
  const other = { gone: false };

  test('has its turn behind the others, once it was told so of some', async () => {
    const pool = newPool({ connections: 1, batch: 1 });
    for (const local of ['g1', 'g2', 'g3']) ask(pool, local, 5_000, guesser);
    const session = await opened();
    for (let i = 0; i < 3; i++) await session.answer(UNKNOWN);
    // The fourth place in all is for who guesses, if anybody does; the fifth is not.
    ask(pool, 'busy', 5_000, other);
    ask(pool, 'g4', 5_000, guesser);
    ask(pool, 'alice', 5_000, other);
    await session.answer();
    expect(session.batches.at(-1)).toEqual(['alice']);
  });

  test('is not taken for one because an answer came twice', async () => {
    const pool = newPool({ connections: 1 });
    for (const local of ['g1', 'a']) ask(pool, local, 60_000, guesser);
    const first = await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    const second = await opened();
    await second.answer(UNKNOWN);
    await second.answer();
    await first.answer(UNKNOWN);
    ask(pool, 'busy', 5_000, other);
    ask(pool, 'g2', 4_000, guesser);
    ask(pool, 'x', 5_000, { gone: false });
    await second.answer();
    expect(second.batches.at(-1)).toEqual(['g2', 'x']);
  });
});
