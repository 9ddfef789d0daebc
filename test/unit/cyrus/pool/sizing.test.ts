import { describe, expect, test, vi } from 'vitest';
import { ask, newPool, opened, openings, standStill } from './pool-rig.js';

standStill();

describe('sessions', () => {
  test('another is opened while the first is busy, one at a time, up to the limit', async () => {
    const pool = newPool({ connections: 3 });
    ask(pool, 'a');
    ask(pool, 'b');
    expect(openings).toHaveLength(1);
    await opened();
    ask(pool, 'c');
    ask(pool, 'd');
    await vi.advanceTimersByTimeAsync(5);
    expect(openings).toHaveLength(1);
    await opened();
    ask(pool, 'e');
    await vi.advanceTimersByTimeAsync(5);
    await opened();
    ask(pool, 'f');
    await vi.advanceTimersByTimeAsync(5);
    expect(openings).toHaveLength(0);
    expect([pool.size, pool.waiting]).toEqual([3, 1]);
  });

  test('another one is opened once Cyrus has taken 2 ms, and not before', async () => {
    const pool = newPool();
    ask(pool, 'a');
    await opened();
    ask(pool, 'b');
    await vi.advanceTimersByTimeAsync(1);
    expect(openings).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(openings).toHaveLength(1);
  });

  test('nothing wakes up for those who wait where nobody does', async () => {
    const pool = newPool();
    ask(pool, 'a');
    await opened();
    // That of the batch, and that of sessions which are not used.
    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(5);
    expect(vi.getTimerCount()).toBe(2);
  });

  test('while a batch is under way the next is collected; another session takes it once it is full', async () => {
    const pool = newPool({ batch: 3 });
    ask(pool, 'a');
    const first = await opened();
    ask(pool, 'b');
    ask(pool, 'c');
    expect([openings.length, pool.waiting]).toEqual([0, 2]);
    ask(pool, 'd');
    expect(openings).toHaveLength(1);
    const second = await opened();
    expect(second.batches).toEqual([['b', 'c', 'd']]);
    ask(pool, 'e');
    await first.answer();
    expect(first.batches).toEqual([['a'], ['e']]);
  });
});
