// Sessions that hang on a mailbox which somebody holds locked: what becomes of those who asked about it, and of all others.
import { describe, expect, test, vi } from 'vitest';
import type { Pool } from '../../../../src/cyrus/pool/pool.js';
import { UNKNOWN } from '../../../../src/validation/verdict.js';
import {
  ask,
  type Asked,
  type HandSession,
  lines,
  newPool,
  now,
  opened,
  openings,
  settle,
  standStill,
} from './pool-rig.js';

standStill();

/** Cyrus is as fast as usual: then a silence of 300 ms means that a mailbox is locked. */
const STALL_MS = 300;
const LONG_MS = 600_000;

/** A pool with one session, which is idle and was answered quickly. */
async function quickPool(connections = 1): Promise<{ pool: Pool; session: HandSession }> {
  const pool = newPool({ connections, idleTimeoutMs: LONG_MS });
  ask(pool, 'first');
  const session = await opened();
  await vi.advanceTimersByTimeAsync(1);
  await session.answer();
  return { pool, session };
}

/** Asks about a mailbox on which the session gets stuck; an idle session is used, or one is opened. */
async function stuckOn(pool: Pool, local: string, idle?: HandSession): Promise<[Asked, HandSession]> {
  const asked = ask(pool, local, LONG_MS);
  const session = idle ?? (await opened());
  await vi.advanceTimersByTimeAsync(STALL_MS);
  return [asked, session];
}

describe('a batch without a reply', () => {
  test('is asked elsewhere after 1.5 s, each question alone, where nothing is known of how fast Cyrus is', async () => {
    const pool = newPool();
    const [alice, bob] = ['alice', 'bob'].map((local) => ask(pool, local));
    const first = await opened();
    await vi.advanceTimersByTimeAsync(1_499);
    expect(openings).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    const second = await opened();
    await second.answer();
    await second.answer(UNKNOWN);
    expect([first.batches, second.batches]).toEqual([[['alice', 'bob']], [['alice'], ['bob']]]);
    expect([alice?.settled, bob?.settled]).toEqual(['deliverable', 'unknown']);
  });

  test('may still end: who was answered elsewhere has his answer, and the session is used again', async () => {
    const pool = newPool();
    const [alice] = ['alice', 'bob'].map((local) => ask(pool, local));
    const first = await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    const second = await opened();
    await second.answer();
    await first.answer(UNKNOWN);
    expect(alice?.settled).toBe('deliverable');
    await second.answer();
    expect([first.closed, second.closed, pool.size]).toEqual([false, false, 2]);
    expect(lines).toEqual([]);
  });

  test('that is lost in the end leaves alone who was asked about elsewhere meanwhile', async () => {
    const pool = newPool();
    const [alice] = ['alice', 'bob'].map((local) => ask(pool, local));
    const first = await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    const second = await opened();
    await first.fail();
    expect(alice?.settled).toBeUndefined();
    await second.answer();
    expect(alice?.settled).toBe('deliverable');
  });

  test('that ends with too few verdicts leaves alone who was asked about elsewhere, too', async () => {
    const pool = newPool();
    const [alice, bob] = ['alice', 'bob'].map((local) => ask(pool, local));
    const first = await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    const second = await opened();
    await first.answerWith();
    expect([alice?.settled, bob?.settled]).toEqual([undefined, undefined]);
    await second.answer();
    await first.answer();
    await second.answer();
    expect([alice?.settled, bob?.settled]).toEqual(['deliverable', 'deliverable']);
  });

  test('of several that ends late makes the next ones as small as Cyrus is slow', async () => {
    const { pool, session } = await quickPool();
    for (const local of ['busy', 'alice', 'bob']) ask(pool, local, LONG_MS);
    await session.answer();
    await vi.advanceTimersByTimeAsync(STALL_MS);
    const second = await opened();
    second.tell();
    await second.answer();
    second.tell();
    await second.answer();
    await vi.advanceTimersByTimeAsync(3_000);
    await session.answer();
    const next = second.closed ? session : second;
    for (const local of ['busy', 'a', 'b', 'c']) ask(pool, local);
    await next.answer();
    // From one at a time to at most twice as many, since the last one was answered quickly.
    expect(next.batches.slice(-2)).toEqual([['busy'], ['a', 'b']]);
  });

  test('may still answer who had no time left to be asked about elsewhere', async () => {
    const pool = newPool();
    const [alice] = ['alice', 'bob'].map((local) => ask(pool, local, 1_500));
    const first = await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    expect([alice?.settled, openings.length]).toEqual([undefined, 0]);
    await first.answer();
    expect(alice?.settled).toBe('deliverable');
  });

  test('makes the next ones smaller, since so many at once were too many', async () => {
    const pool = newPool({ connections: 1 });
    for (let i = 0; i < 8; i++) ask(pool, `u${i}`, 1_500);
    await opened();
    for (let i = 0; i < 9; i++) ask(pool, `v${i}`);
    await vi.advanceTimersByTimeAsync(1_500);
    const second = await opened();
    expect(second.batches).toEqual([['v0', 'v1', 'v2', 'v3']]);
  });

  test('does not take the place of a session; where its place was taken, it is closed in the end', async () => {
    const { pool, session } = await quickPool();
    const [asked] = await stuckOn(pool, 'locked', session);
    ask(pool, 'alice');
    const second = await opened();
    await second.answer();
    expect(pool.size).toBe(2);
    await session.answer();
    expect(asked.settled).toBe('deliverable');
    expect([session.closed, second.closed, pool.size]).toEqual([true, false, 1]);
  });

  test('about one mailbox is asked nowhere else: that would only hang, too', async () => {
    const { pool, session } = await quickPool(2);
    await stuckOn(pool, 'locked', session);
    expect(openings).toHaveLength(0);
    expect(pool.waiting).toBe(0);
  });
});

describe('a mailbox on which a session is stuck', () => {
  test('is not asked about again for half a minute; all others are', async () => {
    const { pool, session } = await quickPool();
    const [locked] = await stuckOn(pool, 'locked', session);
    const again = ask(pool, 'locked');
    const alice = ask(pool, 'alice');
    await settle();
    expect(again.settled).toContain('back-channel cyrus waits for an earlier answer about the mailbox');
    const second = await opened();
    await second.answer();
    expect(alice.settled).toBe('deliverable');
    await vi.advanceTimersByTimeAsync(30_000 - STALL_MS - 1);
    expect(locked.settled).toContain('no reply within 10000 ms');
    const early = ask(pool, 'locked');
    await settle();
    expect(early.settled).toContain('an earlier answer');
    await vi.advanceTimersByTimeAsync(1);
    ask(pool, 'locked');
    expect(second.batches.at(-1)).toEqual(['locked']);
  });

  test('is not asked about a third time, however long that takes', async () => {
    const { pool, session } = await quickPool();
    await stuckOn(pool, 'locked', session);
    ask(pool, 'alice');
    const second = await opened();
    await second.answer();
    await vi.advanceTimersByTimeAsync(30_000);
    await stuckOn(pool, 'locked', second);
    ask(pool, 'bob');
    await (await opened()).answer();
    await vi.advanceTimersByTimeAsync(300_000);
    const third = ask(pool, 'locked');
    await settle();
    expect(third.settled).toContain('an earlier answer');
  });

  test('is asked about alone for a minute after it was answered at last', async () => {
    const { pool, session } = await quickPool();
    const [locked] = await stuckOn(pool, 'locked', session);
    ask(pool, 'alice');
    const second = await opened();
    second.tell();
    await second.answer();
    await session.answer();
    expect(locked.settled).toBe('deliverable');
    await vi.advanceTimersByTimeAsync(59_999);
    ask(pool, 'busy');
    for (const local of ['a', 'locked', 'b']) ask(pool, local);
    for (let i = 0; i < 3; i++) await second.answer();
    const batches = second.batches.slice(2).map((batch) => batch.join(' '));
    expect(batches.toSorted()).toEqual(['a b', 'locked']);
  });

  test('that was answered as fast as usual is asked about with others, whoever was answered meanwhile', async () => {
    const pool = newPool({ idleTimeoutMs: LONG_MS });
    ask(pool, 'quick');
    const first = await opened();
    ask(pool, 'alice');
    const second = await opened();
    second.tell();
    await second.answer();
    await first.answer();
    for (const session of [first, second]) {
      ask(pool, 'busy');
      await vi.advanceTimersByTimeAsync(5);
      expect(session.botched).toBe(false);
    }
    for (const local of ['a', 'quick', 'b']) ask(pool, local);
    const batches = first.batches.length + second.batches.length;
    await second.answer();
    await first.answer();
    await second.answer();
    const later = [...first.batches, ...second.batches].slice(-batches).map((batch) => batch.join(' '));
    expect(later).toContain('a quick b');
  });

  test('is no slower than others where nobody else was answered meanwhile: then it is Cyrus that is slow', async () => {
    const { pool, session } = await quickPool();
    session.tell();
    await stuckOn(pool, 'locked', session);
    await session.answer();
    // 0.3 s for one recipient, after 1 ms: some three recipients in half a second.
    ask(pool, 'busy');
    for (const local of ['locked', 'a', 'b', 'c']) ask(pool, local);
    await session.answer();
    expect(session.batches.at(-1)).toEqual(['locked', 'a']);
  });
});

describe('after the reply timeout', () => {
  test('who asked is told, and where nobody else was answered, Cyrus is down', async () => {
    const { pool, session } = await quickPool();
    const asked = ask(pool, 'locked', LONG_MS);
    await vi.advanceTimersByTimeAsync(9_999);
    expect([asked.settled, lines]).toEqual([undefined, []]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.settled).toContain('DeadlineError: no reply within 10000 ms');
    expect([lines, session.closed]).toEqual([['error backend-down'], false]);
    const early = ask(pool, 'alice');
    await settle();
    expect(early.settled).toContain('back-channel cyrus is down: no reply within 10000 ms');
  });

  test('and where somebody was, it is that mailbox: it is asked about alone', async () => {
    const { pool, session } = await quickPool();
    const [locked] = await stuckOn(pool, 'locked', session);
    ask(pool, 'alice');
    const second = await opened();
    await second.answer();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([locked.settled, lines]).toEqual([expect.stringContaining('no reply within'), []]);
    await session.fail();
    ask(pool, 'busy');
    for (const local of ['a', 'locked', 'b']) ask(pool, local);
    const third = openings.length === 0 ? second : await opened();
    for (let i = 0; i < 3; i++) await third.answer();
    expect(third.batches.map((batch) => batch.join(' '))).toContain('locked');
  });

  test('a question that waits again elsewhere is not given up with the first', async () => {
    const pool = newPool();
    const [alice, bob] = ['alice', 'bob'].map((local) => ask(pool, local, LONG_MS));
    await opened();
    await vi.advanceTimersByTimeAsync(1_500);
    const second = await opened();
    await second.answer();
    await vi.advanceTimersByTimeAsync(8_500);
    expect([alice?.settled, bob?.settled]).toEqual(['deliverable', undefined]);
    await second.answer();
    expect(bob?.settled).toBe('deliverable');
  });
});

describe('no more than six sessions', () => {
  /** Six mailboxes, with a session stuck on each, and who else is asked about is answered. */
  async function allStuck(): Promise<{ pool: Pool; late: HandSession[] }> {
    const { pool, session } = await quickPool();
    const late = [session];
    await stuckOn(pool, 'm0', session);
    for (let i = 1; i < 6; i++) late.push((await stuckOn(pool, `m${i}`))[1]);
    return { pool, late };
  }

  test('hang beside those that are configured', async () => {
    const { pool } = await allStuck();
    expect(pool.size).toBe(6);
    await stuckOn(pool, 'm6');
    expect(pool.size).toBe(7);
    const asked = ask(pool, 'alice');
    await settle();
    expect(asked.settled).toContain('back-channel cyrus is down');
    expect([pool.size, openings.length]).toEqual([7, 0]);
  });

  test('and when one of them goes on, it serves', async () => {
    const { pool, late } = await allStuck();
    await stuckOn(pool, 'm6');
    const [first] = late;
    await first?.answer();
    const asked = ask(pool, 'alice');
    await first?.answer();
    expect([asked.settled, first?.closed]).toEqual(['deliverable', false]);
  });

  test('while so many hang, none is risked on a mailbox that was slow lately', async () => {
    const { pool, session } = await quickPool();
    const [, stuck] = await stuckOn(pool, 'slow', session);
    ask(pool, 'alice');
    const second = await opened();
    second.tell();
    await second.answer();
    await stuck.answer();
    const early = ask(pool, 'slow');
    await second.answer();
    expect(early.settled).toBe('deliverable');
    await stuckOn(pool, 'm0', second);
    for (let i = 1; i < 6; i++) await stuckOn(pool, `m${i}`);
    const asked = ask(pool, 'slow');
    await settle();
    expect(asked.settled).toContain('waits for an earlier answer about the mailbox');
  });
});

describe('draining', () => {
  test('waits for who is stuck, but not for a session that nobody waits for', async () => {
    const { pool, session } = await quickPool();
    await stuckOn(pool, 'locked', session);
    let drained = false;
    const draining = pool.drain().then(() => (drained = true));
    await settle();
    expect(drained).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    await draining;
    expect([drained, session.closed, now() > 10_000]).toEqual([true, true, true]);
  });
});
