import { describe, expect, test, vi } from 'vitest';
import { DeadlineError, UnavailableError } from '../../../../src/errors.js';
import { ask, details, lines, newPool, opened, openings, settle, standStill } from './pool-rig.js';

standStill();

describe('a session that is lost', () => {
  test('its questions are asked once more, on a fresh one and each alone', async () => {
    const pool = newPool({ connections: 2 });
    const all = ['a', 'b'].map((local) => ask(pool, local));
    const lost = await opened();
    await lost.fail();
    expect(all.map(({ settled }) => settled)).toEqual([undefined, undefined]);
    const fresh = await opened();
    await fresh.answer();
    await fresh.answer();
    expect(fresh.batches).toEqual([['a'], ['b']]);
    expect(all.map(({ settled }) => settled)).toEqual(['deliverable', 'deliverable']);
    expect(lost.closed).toBe(true);
    expect(lines).toEqual([]);
    const error = 'connection closed by the peer';
    expect(details).toEqual([{ event: 'botched', backchannel: 'cyrus', error, questions: 2 }]);
  });

  test('they are not asked on an idle one, which is likely lost too', async () => {
    const pool = newPool();
    ask(pool, 'a');
    const one = await opened();
    ask(pool, 'b');
    const two = await opened();
    await one.answer();
    await two.answer();
    const alice = ask(pool, 'alice');
    await two.fail();
    expect(one.closed).toBe(true);
    await (await opened()).answer();
    expect(alice.settled).toBe('deliverable');
  });

  test('what comes meanwhile waits for them, and goes out together then', async () => {
    const pool = newPool({ connections: 1 });
    for (const local of ['a', 'b']) ask(pool, local);
    await (await opened()).fail();
    for (const local of ['c', 'd']) ask(pool, local);
    const fresh = await opened();
    for (let i = 0; i < 3; i++) await fresh.answer();
    expect(fresh.batches).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  test('one question that is the end of every session takes no other with it', async () => {
    const pool = newPool({ connections: 1 });
    const all = ['a', 'poison', 'b'].map((local) => ask(pool, local));
    await (await opened()).fail();
    const second = await opened();
    await second.answer();
    await second.fail(new UnavailableError('lmtpd said 421 4.3.0 lmtpd: Internal error'));
    const third = await opened();
    await third.answer();
    expect(third.batches).toEqual([['b']]);
    const [a, poison, b] = all.map(({ settled }) => settled);
    expect([a, b]).toEqual(['deliverable', 'deliverable']);
    expect(poison).toContain('Internal error');
    const carol = ask(pool, 'carol');
    await third.answer();
    expect(carol.settled).toBe('deliverable');
    expect(lines).toEqual([]);
  });

  test('lost twice they are refused; after eight sessions in a row the back-channel backs off', async () => {
    const pool = newPool();
    for (let i = 0; i < 4; i++) {
      const alice = ask(pool, 'alice');
      expect(lines).toEqual([]);
      await (await opened()).fail();
      await (await opened()).fail();
      expect(alice.settled).toContain('connection closed by the peer');
    }
    const bob = ask(pool, 'bob');
    await settle();
    expect(bob.settled).toContain('DownError');
    expect(openings).toHaveLength(0);
    expect(lines).toEqual(['error backend-down']);
  });

  test('a question whose deadline has passed is not asked again', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice', 1000);
    const session = await opened();
    await vi.advanceTimersByTimeAsync(1000);
    await session.fail();
    expect(alice.settled).toContain('UnavailableError');
    expect(openings).toHaveLength(0);
  });

  test('while one is busy and another is lost, its questions wait for the busy one', async () => {
    const pool = newPool();
    ask(pool, 'a');
    const one = await opened();
    const bob = ask(pool, 'bob');
    const two = await opened();
    await two.fail(new DeadlineError('no reply within 10000 ms'));
    expect(bob.settled).toBeUndefined();
    await one.answer();
    expect(one.batches).toEqual([['a'], ['bob']]);
    await one.answer();
    expect(bob.settled).toBe('deliverable');
    expect(lines).toEqual([]);
  });

  test('after a long silence is the fault of Cyrus, unless somebody else was answered meanwhile', async () => {
    const silence = new DeadlineError('no reply within 600000 ms');
    const pool = newPool();
    ask(pool, 'a');
    const one = await opened();
    ask(pool, 'b');
    const two = await opened();
    await vi.advanceTimersByTimeAsync(1);
    await two.answer();
    two.botched = true;
    await one.fail(silence);
    expect(lines).toEqual([]);
    const three = await opened();
    await three.answer();
    ask(pool, 'c');
    await three.fail(silence);
    expect(lines).toEqual(['error backend-down']);
  });
});
