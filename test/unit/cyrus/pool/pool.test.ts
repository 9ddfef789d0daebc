import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../src/validation/verdict.js';
import { ask, HandSession, newPool, opened, openings } from './pool-rig.js';

describe('a session', () => {
  test('none is opened before it is needed', () => {
    expect(newPool().size).toBe(0);
    expect(openings).toHaveLength(0);
  });

  test('one is opened for the first question, and kept', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    const session = await opened();
    expect(session.batches).toEqual([['alice']]);
    await session.answer();
    expect(alice.settled).toBe('deliverable');
    const bob = ask(pool, 'bob');
    await session.answer(UNKNOWN);
    expect(bob.settled).toBe('unknown');
    expect(openings).toHaveLength(0);
    expect(pool.size).toBe(1);
  });

  test('whether 8-bit addresses are taken is learned from it: until then they may be, and one is opened', async () => {
    const pool = newPool();
    expect(pool.acceptsEightBit).toBe(true);
    expect(pool.acceptsEightBit).toBe(true);
    expect(openings).toHaveLength(1);
    const session = new HandSession();
    session.acceptsEightBit = false;
    await opened(session);
    expect([pool.acceptsEightBit, openings.length, session.batches]).toEqual([false, 0, []]);
    ask(pool, 'alice');
    await session.answer();
  });
});
