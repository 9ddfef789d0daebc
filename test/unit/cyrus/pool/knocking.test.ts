import { describe, expect, test, vi } from 'vitest';
import type { Pool } from '../../../../src/cyrus/pool/pool.js';
import { DeadlineError, UnavailableError } from '../../../../src/errors.js';
import { ask, lines, newPool, opened, openings, refused, settle, standStill } from './pool-rig.js';

standStill();

describe('where nobody listens', () => {
  /** As a connection has it. */
  function nobody(code = 'ECONNREFUSED'): UnavailableError {
    const cause = Object.assign(new Error(`connect ${code}`), { code });
    return new UnavailableError(`no connection: connect ${code}`, { cause });
  }

  async function isRefusedAtOnce(pool: Pool): Promise<void> {
    const asked = ask(pool, 'early');
    await settle();
    expect(asked.settled).toContain('back-channel cyrus is down: no connection');
  }

  /** Down, and in the longest pause. */
  async function downForLong(pool: Pool, code?: string): Promise<void> {
    for (const pauseMs of [1000, 2000, 4000, 8000]) {
      ask(pool, 'alice');
      await refused(nobody(code));
      await vi.advanceTimersByTimeAsync(pauseMs);
    }
    ask(pool, 'alice');
    await refused(nobody(code));
    expect(lines).toEqual(['error backend-down']);
  }

  test.each(['ECONNREFUSED', 'ENOENT'])(
    '(%s) it looks again each half second in which it is asked',
    async (code) => {
      const pool = newPool();
      await downForLong(pool, code);
      for (let i = 0; i < 10; i++) {
        await isRefusedAtOnce(pool);
        await isRefusedAtOnce(pool);
        expect(openings).toHaveLength(1);
        await refused(nobody(code));
        await vi.advanceTimersByTimeAsync(499);
        await isRefusedAtOnce(pool);
        expect(openings).toHaveLength(0);
        await vi.advanceTimersByTimeAsync(1);
      }
      expect([pool.size, lines]).toEqual([0, ['error backend-down']]);
    },
  );

  test('and once somebody does, the next question is asked at once', async () => {
    const pool = newPool({ connections: 1 });
    await downForLong(pool);
    await isRefusedAtOnce(pool);
    const session = await opened();
    expect([pool.size, session.batches]).toEqual([1, []]);
    const bob = ask(pool, 'bob');
    await session.answer();
    expect(bob.settled).toBe('deliverable');
    expect(openings).toHaveLength(0);
    expect(lines).toEqual(['error backend-down', 'info backend-up']);
  });

  test('and where that one is lost again, another one is opened at once', async () => {
    const pool = newPool({ connections: 1 });
    await downForLong(pool);
    await isRefusedAtOnce(pool);
    const session = await opened();
    const bob = ask(pool, 'bob');
    await session.fail();
    expect(bob.settled).toBeUndefined();
    await (await opened()).answer();
    expect(bob.settled).toBe('deliverable');
  });

  test('the pause after it that was due goes on: looking neither ends nor lengthens it', async () => {
    const pool = newPool();
    await downForLong(pool);
    await vi.advanceTimersByTimeAsync(9000);
    await isRefusedAtOnce(pool);
    await refused(nobody());
    await vi.advanceTimersByTimeAsync(1000);
    const bob = ask(pool, 'bob');
    await (await opened()).answer();
    expect(bob.settled).toBe('deliverable');
  });

  test('a look that is under way when the pause ends is waited for, and no second one is made', async () => {
    const pool = newPool({ connections: 1 });
    await downForLong(pool);
    await vi.advanceTimersByTimeAsync(9999);
    await isRefusedAtOnce(pool);
    await vi.advanceTimersByTimeAsync(1);
    const bob = ask(pool, 'bob');
    await settle();
    expect([bob.settled, openings.length]).toEqual([undefined, 1]);
    await (await opened()).answer();
    expect(bob.settled).toBe('deliverable');
  });

  test('nobody looks where somebody listens but does not answer', async () => {
    const pool = newPool();
    await downForLong(pool);
    await isRefusedAtOnce(pool);
    await refused(new DeadlineError('no connection to inet:2003@cyrus within 2000 ms'));
    await vi.advanceTimersByTimeAsync(1000);
    await isRefusedAtOnce(pool);
    expect(openings).toHaveLength(0);
  });

  test('nobody looks where a session is stuck: somebody was there', async () => {
    const pool = newPool({ connections: 1 });
    ask(pool, 'locked', 600_000);
    const session = await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    const alice = ask(pool, 'alice');
    await refused(nobody());
    expect(alice.settled).toContain('no connection');
    await vi.advanceTimersByTimeAsync(500);
    await isRefusedAtOnce(pool);
    expect([openings.length, session.closed]).toEqual([0, false]);
  });

  test('a session found after the end is closed', async () => {
    const pool = newPool();
    await downForLong(pool);
    await isRefusedAtOnce(pool);
    await pool.close();
    const session = await opened();
    expect([session.closed, pool.size, vi.getTimerCount()]).toEqual([true, 0, 0]);
  });
});
