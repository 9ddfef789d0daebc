import { describe, expect, test, vi } from 'vitest';
import { ask, lines, newPool, opened, standStill } from './pool-rig.js';

standStill();

describe('an idle session', () => {
  test('one that is not used is closed after the idle timeout, and not before', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    const session = await opened();
    await vi.advanceTimersByTimeAsync(100);
    await session.answer();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(session.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(session.closed).toBe(true);
    expect([pool.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('one that is used now and then is kept; the one beside it is closed', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    const one = await opened();
    ask(pool, 'bob');
    const two = await opened();
    await one.answer();
    await two.answer();
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(30_000);
      ask(pool, 'carol');
      await two.answer();
    }
    expect([one.closed, two.closed]).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(two.closed).toBe(true);
  });

  test('one that Cyrus closed while it was idle is replaced silently', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    const session = await opened();
    await session.answer();
    session.botched = true;
    const bob = ask(pool, 'bob');
    await (await opened()).answer();
    expect(bob.settled).toBe('deliverable');
    expect(lines).toEqual([]);
  });
});
