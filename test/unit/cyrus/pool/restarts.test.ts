import { describe, expect, test, vi } from 'vitest';
import type { Pool } from '../../../../src/cyrus/pool/pool.js';
import { ask, newPool, opened, refused, settle, standStill } from './pool-rig.js';

standStill();

describe('Cyrus may have been restarted', () => {
  let restarts: number;

  function watched(): Pool {
    restarts = 0;
    return newPool({}, () => void (restarts += 1));
  }

  test('where it ended a session, idle or asked', async () => {
    const pool = watched();
    ask(pool, 'alice');
    const session = await opened();
    await session.answer();
    session.botched = true;
    ask(pool, 'bob');
    expect(restarts).toBe(1);
    await (await opened()).fail();
    expect(restarts).toBe(2);
    await (await opened()).answer();
    expect(restarts).toBe(2);
  });

  test('where it answers after it was down', async () => {
    const pool = watched();
    ask(pool, 'alice');
    await refused();
    await vi.advanceTimersByTimeAsync(1000);
    ask(pool, 'alice');
    await (await opened()).answer();
    expect(restarts).toBe(1);
  });

  test('not where we ended it', async () => {
    const pool = watched();
    ask(pool, 'alice');
    await (await opened()).answer();
    await vi.advanceTimersByTimeAsync(60_000);
    ask(pool, 'alice');
    const second = await opened();
    await pool.close();
    await settle();
    expect([second.closed, restarts]).toEqual([true, 0]);
  });
});
