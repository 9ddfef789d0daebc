import { describe, expect, test, vi } from 'vitest';
import { DeadlineError, LoginError, UnavailableError } from '../../../../src/errors.js';
import { ask, chance, lines, newPool, opened, openings, refused, settle, standStill } from './pool-rig.js';

standStill();

describe('backing off', () => {
  test('after a failed connect questions are refused at once, then one attempt is made', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    await refused();
    expect(alice.settled).toContain('connect ECONNREFUSED');
    await vi.advanceTimersByTimeAsync(999);
    const early = ask(pool, 'early');
    await settle();
    expect(early.settled).toContain('back-channel cyrus is down: connect ECONNREFUSED');
    expect(openings).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    const bob = ask(pool, 'bob');
    ask(pool, 'carol');
    expect(openings).toHaveLength(1);
    await (await opened()).answer();
    expect(bob.settled).toBe('deliverable');
  });

  test('a refused login is not tried again for five minutes, and told once', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    await refused(new LoginError('user cyrus: login with PLAIN refused: no'));
    for (let i = 0; i < 29; i++) {
      await vi.advanceTimersByTimeAsync(10_000);
      const asked = ask(pool, 'alice');
      await settle();
      expect(asked.settled).toMatch(/user cyrus: login with PLAIN refused: no$/);
    }
    expect(openings).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(10_000);
    ask(pool, 'alice');
    await refused(new LoginError('user cyrus: login with PLAIN refused: no'));
    expect(lines).toEqual(['error backend-down']);
  });

  test('who is not let in where nobody listened before is told of, once more', async () => {
    const nobody = new UnavailableError('no connection', {
      cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    });
    const pool = newPool();
    ask(pool, 'alice');
    await refused(nobody);
    await vi.advanceTimersByTimeAsync(600);
    ask(pool, 'alice');
    await refused(new LoginError('user cyrus: login with PLAIN refused: no'));
    expect(lines).toEqual(['error backend-down', 'error backend-down']);
    await vi.advanceTimersByTimeAsync(299_000);
    const asked = ask(pool, 'alice');
    await settle();
    expect(asked.settled).toContain('login with PLAIN refused');
    expect(openings).toHaveLength(0);
  });

  test('each pause is twice as long as the one before, up to ten seconds', async () => {
    const pool = newPool();
    for (const pauseMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      ask(pool, 'alice');
      await refused();
      await vi.advanceTimersByTimeAsync(pauseMs - 1);
      ask(pool, 'alice');
      expect(openings).toHaveLength(0);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(lines).toEqual(['error backend-down']);
  });

  test('an answer ends it: the next pause is the first one again', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    await refused();
    await vi.advanceTimersByTimeAsync(1000);
    ask(pool, 'alice');
    await refused();
    await vi.advanceTimersByTimeAsync(2000);
    ask(pool, 'alice');
    const session = await opened();
    expect(lines).toEqual(['error backend-down']);
    await session.answer();
    expect(lines).toEqual(['error backend-down', 'info backend-up']);
    session.botched = true;
    ask(pool, 'alice');
    await refused();
    await vi.advanceTimersByTimeAsync(1000);
    ask(pool, 'alice');
    expect(openings).toHaveLength(1);
  });

  test('a greeting alone is no answer: a lmtpd that then is silent is left alone ever longer', async () => {
    const pool = newPool();
    for (const pauseMs of [1000, 2000, 4000]) {
      const alice = ask(pool, 'alice');
      await (await opened()).fail(new DeadlineError('no reply within 10000 ms'));
      expect(alice.settled).toContain('no reply within');
      await vi.advanceTimersByTimeAsync(pauseMs - 1);
      ask(pool, 'alice');
      expect(openings).toHaveLength(0);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(lines).toEqual(['error backend-down']);
  });

  test('a second session that is refused leaves the first one at work', async () => {
    const pool = newPool();
    ask(pool, 'a');
    const session = await opened();
    const bob = ask(pool, 'bob');
    await refused(new DeadlineError('no reply within 2000 ms'));
    expect(bob.settled).toBeUndefined();
    await session.answer();
    await session.answer();
    expect(bob.settled).toBe('deliverable');
    const carol = ask(pool, 'carol');
    await session.answer();
    expect(carol.settled).toBe('deliverable');
    expect(lines).toEqual([]);
  });

  test('a second session that is refused when the first one is free again makes nobody wait', async () => {
    const pool = newPool();
    ask(pool, 'a');
    const session = await opened();
    ask(pool, 'b');
    await vi.advanceTimersByTimeAsync(5);
    expect(openings).toHaveLength(1);
    await session.answer();
    await session.answer();
    await refused();
    expect([pool.state, lines]).toEqual(['up', []]);
    const carol = ask(pool, 'carol');
    await session.answer();
    expect(carol.settled).toBe('deliverable');
  });

  test('when the last session is lost meanwhile, nobody waits for nothing', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    const session = await opened();
    const bob = ask(pool, 'bob');
    await refused();
    await session.fail();
    expect(alice.settled).toContain('DownError');
    expect(bob.settled).toContain('DownError');
    expect([pool.size, pool.waiting]).toEqual([0, 0]);
  });

  test('when the last idle session was closed by Cyrus meanwhile, neither', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    const session = await opened();
    ask(pool, 'bob');
    await refused();
    await session.answer();
    await session.answer();
    session.botched = true;
    const carol = ask(pool, 'carol');
    await settle();
    expect(carol.settled).toContain('DownError');
    expect([pool.size, pool.waiting]).toEqual([0, 0]);
  });

  test('jitter makes the pause shorter by a quarter at most', async () => {
    chance.value = 0;
    const pool = newPool();
    ask(pool, 'alice');
    await refused();
    await vi.advanceTimersByTimeAsync(749);
    ask(pool, 'alice');
    expect(openings).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    ask(pool, 'alice');
    expect(openings).toHaveLength(1);
  });
});
