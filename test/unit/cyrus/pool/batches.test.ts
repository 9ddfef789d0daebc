import { describe, expect, test, vi } from 'vitest';
import { UNKNOWN } from '../../../../src/validation/verdict.js';
import { ask, HandSession, newPool, opened, settle, standStill } from './pool-rig.js';

standStill();

describe('batches', () => {
  test('questions of one turn of the event loop make one batch', async () => {
    vi.unstubAllGlobals();
    const pool = newPool();
    for (const local of ['a', 'b', 'c']) ask(pool, local);
    await new Promise((resolve) => setImmediate(resolve));
    const session = await opened();
    expect(session.batches).toEqual([['a', 'b', 'c']]);
  });

  test('what arrives while a batch is under way goes out together in the next one', async () => {
    const pool = newPool({ connections: 1 });
    const all = ['a', 'b', 'c'].map((local) => ask(pool, local));
    const session = await opened();
    all.push(...['d', 'e'].map((local) => ask(pool, local)));
    await session.answer();
    await session.answer(UNKNOWN);
    expect(session.batches).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    expect(all.map(({ settled }) => settled)).toEqual([
      ...Array<string>(3).fill('deliverable'),
      ...Array<string>(2).fill('unknown'),
    ]);
  });

  test('each has up to twice as many recipients as the one before, and none more than the limit', async () => {
    const pool = newPool({ connections: 1 });
    for (let i = 0; i < 400; i++) ask(pool, `u${i}`);
    const session = await opened();
    for (let i = 0; i < 7; i++) await session.answer();
    expect(session.batches.map(({ length }) => length)).toEqual([8, 16, 32, 64, 128, 128, 24]);
    expect(session.batches.flat()).toEqual(Array.from({ length: 400 }, (_, i) => `u${i}`));
  });

  test('a question whose deadline passed before it could be written is dropped', async () => {
    const pool = newPool({ connections: 1 });
    ask(pool, 'alice');
    const session = await opened();
    const late = ask(pool, 'late', 1000);
    const inTime = ask(pool, 'intime', 2000);
    await vi.advanceTimersByTimeAsync(1000);
    await session.answer();
    expect(late.settled).toContain('DeadlineError');
    expect(session.batches.at(-1)).toEqual(['intime']);
    await session.answer();
    expect(inTime.settled).toBe('deliverable');
  });

  test('where all waiting questions are too late nothing is asked', async () => {
    const pool = newPool({ connections: 1 });
    const late = ask(pool, 'late', 1000);
    await vi.advanceTimersByTimeAsync(1000);
    const session = await opened();
    expect(late.settled).toContain('DeadlineError');
    expect(session.batches).toEqual([]);
    expect([pool.size, pool.waiting]).toEqual([1, 0]);
  });

  test('a verdict that is missing is no verdict', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    const session = new HandSession();
    vi.spyOn(session, 'ask').mockResolvedValueOnce([]);
    await opened(session);
    expect(alice.settled).toContain('UnavailableError');
  });

  test('more questions than may wait are refused at once', async () => {
    const pool = newPool({ connections: 1, maxWaiting: 3 });
    const waiting = Array.from({ length: 3 }, (_, i) => ask(pool, `u${i}`));
    const refusedOne = ask(pool, 'toomany');
    await settle();
    expect(refusedOne.settled).toContain('has 3 questions waiting');
    await (await opened()).answer();
    expect(waiting.map(({ settled }) => settled)).toEqual(Array(3).fill('deliverable'));
  });
});
