import { describe, expect, test, vi } from 'vitest';
import { UnavailableError } from '../../../../src/errors.js';
import { ask, lines, newPool, opened, openings, refused, settle, standStill } from './pool-rig.js';

standStill();

describe('the end', () => {
  test('a drained pool takes no more questions, and lets those under way be answered', async () => {
    const pool = newPool({ connections: 1 });
    const alice = ask(pool, 'alice');
    const session = await opened();
    const waiting = ask(pool, 'waiting');
    const drained = pool.drain();
    const late = ask(pool, 'late');
    await settle();
    expect(late.settled).toContain('back-channel cyrus is closed');
    await session.answer();
    expect(session.closed).toBe(false);
    await session.answer();
    await drained;
    expect([alice.settled, waiting.settled]).toEqual(['deliverable', 'deliverable']);
    expect(session.closed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('while it drains, a lost session is still replaced', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    const session = await opened();
    const drained = pool.drain();
    await session.fail();
    const fresh = await opened();
    await fresh.answer();
    await drained;
    expect(alice.settled).toBe('deliverable');
    expect(fresh.closed).toBe(true);
  });

  test('while it drains, a Cyrus that cannot be asked does not hold it up', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    const drained = pool.drain();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await refused(new UnavailableError('no connection: connect ECONNREFUSED', { cause }));
    await drained;
    expect(alice.settled).toContain('ECONNREFUSED');
    expect(openings).toHaveLength(0);
  });

  test('an idle pool is drained at once, and as often as one likes', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    const session = await opened();
    await session.answer();
    await Promise.all([pool.drain(), pool.drain()]);
    await pool.drain();
    expect(session.closed).toBe(true);
  });

  test('a closed pool refuses what waits, closes every session, and asks nobody again', async () => {
    const pool = newPool({ connections: 1 });
    const busy = ask(pool, 'busy');
    const session = await opened();
    const waiting = ask(pool, 'waiting');
    await pool.close();
    await settle();
    expect(busy.settled).toContain('UnavailableError');
    expect(waiting.settled).toContain('back-channel cyrus is closed');
    expect(session.closed).toBe(true);
    expect(openings).toHaveLength(0);
    expect([pool.size, pool.waiting, vi.getTimerCount()]).toEqual([0, 0, 0]);
    expect(lines).toEqual([]);
  });

  test('it closes a session that comes after the end', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    await pool.close();
    const session = await opened();
    expect(alice.settled).toContain('DownError');
    expect(session.closed).toBe(true);
    expect([pool.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('it keeps quiet where opening one fails after the end', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    await pool.close();
    await refused();
    expect(lines).toEqual([]);
  });

  test('closing ends a draining that would take long', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    await opened();
    const drained = pool.drain();
    await pool.close();
    await drained;
    expect(alice.settled).toContain('UnavailableError');
  });

  test('a closed pool stays closed where it is to be drained', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    await pool.close();
    await pool.drain();
    await refused();
    const late = ask(pool, 'late');
    await settle();
    expect(late.settled).toContain('back-channel cyrus is closed');
    expect(lines).toEqual([]);
  });
});
