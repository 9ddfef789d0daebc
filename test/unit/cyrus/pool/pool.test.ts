import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_POOL_LIMITS, Pool } from '../../../../src/cyrus/pool/pool.js';
import type { Session } from '../../../../src/cyrus/pool/session.js';
import { silentLog } from '../../../../src/log/log.js';
import { UNKNOWN } from '../../../../src/validation/verdict.js';
import { ask, HandSession, newPool, now, opened, openings, refused, standStill } from './pool-rig.js';

standStill();

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

describe('the state', () => {
  test('is untried until Cyrus answers or fails, and then tells which, when and why', async () => {
    const pool = newPool();
    expect([pool.state, pool.trouble, pool.answeredAt]).toEqual(['untried', undefined, undefined]);
    ask(pool, 'alice');
    await refused();
    expect([pool.state, pool.trouble, pool.answeredAt]).toEqual(['down', 'connect ECONNREFUSED', undefined]);
    await vi.advanceTimersByTimeAsync(1_000);
    ask(pool, 'alice');
    await (await opened()).answer();
    expect([pool.state, pool.trouble, pool.answeredAt]).toEqual(['up', undefined, now()]);
  });

  test('counts questions and batches; one that is asked again counts twice', async () => {
    const pool = newPool();
    for (const local of ['alice', 'bob']) ask(pool, local);
    await (await opened()).fail();
    const session = await opened();
    for (let i = 0; i < 2; i++) await session.answer();
    expect([pool.questions, pool.batches]).toEqual([4, 3]);
  });

  test('no timer runs while nothing is asked of Cyrus yet', async () => {
    const pool = newPool();
    ask(pool, 'alice');
    expect([openings.length, vi.getTimerCount()]).toEqual([1, 0]);
    await refused();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what its sessions can be asked about', () => {
  const traits = ({ seesFolders, asksEightBit, judgesSize }: Pool): unknown[] => [
    seesFolders,
    asksEightBit,
    judgesSize,
  ];

  test('is what they were made for, and else nothing more than the usual', () => {
    const surroundings = { name: 'cyrus', log: silentLog, now, random: () => 1 };
    const open = (): Promise<Session> => new Promise(() => undefined);
    const poolOf = (more: object): Pool => new Pool(open, DEFAULT_POOL_LIMITS, { ...surroundings, ...more });
    expect(traits(poolOf({}))).toEqual([false, false, false]);
    expect(traits(poolOf({ seesFolders: true }))).toEqual([true, false, false]);
    expect(traits(poolOf({ asksEightBit: true }))).toEqual([false, true, false]);
    expect(traits(poolOf({ judgesSize: true }))).toEqual([false, false, true]);
  });
});
