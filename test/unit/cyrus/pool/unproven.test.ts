// A yes of which only the end of its batch proves whose it is: it is held until then, but not for long.
import { expect, test, vi } from 'vitest';
import { UNKNOWN } from '../../../../src/validation/verdict.js';
import {
  ask,
  type Asked,
  type HandSession,
  newPool,
  opened,
  openings,
  settle,
  standStill,
} from './pool-rig.js';

standStill();

const HOLD_MS = 250;

/** A batch of two at a session, of which the first is answered, but not for certain. */
async function hinted(): Promise<{ first: Asked; second: Asked; session: HandSession }> {
  const pool = newPool({ unprovenTimeoutMs: HOLD_MS });
  const [first, second] = [ask(pool, 'first'), ask(pool, 'second')];
  const session = await opened();
  session.progress?.heard();
  session.progress?.unproven(0);
  await settle();
  return { first, second, session };
}

test('it is told at the end of the batch', async () => {
  const { first, session } = await hinted();
  await vi.advanceTimersByTimeAsync(HOLD_MS - 1);
  expect([first.settled, openings.length]).toEqual([undefined, 0]);
  await session.answer();
  expect(first.settled).toBe('deliverable');
});

test('after unproven_timeout it is asked about once more, alone, and the others of the batch are not', async () => {
  const { first, second, session } = await hinted();
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  const other = await opened();
  expect(other.batches).toEqual([['first']]);
  await other.answer();
  expect([first.settled, second.settled]).toEqual(['deliverable', undefined]);
  await session.answer(UNKNOWN);
  expect([await first.verdict, await second.verdict]).toEqual(['deliverable', 'unknown']);
});

test('where the batch ends while it waits to be asked again, that is its answer', async () => {
  const { first, session } = await hinted();
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  await session.answer();
  expect(await first.verdict).toBe('deliverable');
  const other = await opened();
  expect(other.batches).toEqual([]);
});

test('where the session is lost, it is nobody’s answer', async () => {
  const { first, session } = await hinted();
  await session.fail();
  expect(first.settled).toBeUndefined();
  const other = await opened();
  await other.answer(UNKNOWN);
  expect(await first.verdict).toBe('unknown');
});

test('a Cyrus that is slow, but no slower than usual, is not asked twice', async () => {
  const pool = newPool({ unprovenTimeoutMs: HOLD_MS });
  const before = ask(pool, 'before');
  const session = await opened();
  // For one recipient, and so 400 ms for one with a witness before and after it.
  await vi.advanceTimersByTimeAsync(150);
  await session.answer();
  await before.verdict;
  const asked = ask(pool, 'asked');
  await settle();
  session.progress?.heard();
  session.progress?.unproven(0);
  await vi.advanceTimersByTimeAsync(440);
  expect(session.batches).toEqual([['before'], ['asked']]);
  expect([pool.questions, openings.length]).toEqual([2, 0]);
  await session.answer();
  expect(await asked.verdict).toBe('deliverable');
});
