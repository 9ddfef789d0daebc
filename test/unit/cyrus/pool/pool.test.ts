import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_POOL_LIMITS, Pool, type PoolLimits } from '../../../../src/cyrus/pool/pool.js';
import type { Session } from '../../../../src/cyrus/pool/session.js';
import { DeadlineError, LoginError, UnavailableError } from '../../../../src/errors.js';
import { silentLog, type Log } from '../../../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';
import { DELIVERABLE, UNKNOWN, type Verdict } from '../../../../src/validation/verdict.js';

/** A session whose batches are answered by hand. */
class HandSession implements Session {
  readonly acceptsEightBit = true;
  readonly batches: string[][] = [];
  botched = false;
  closed = false;
  #resolve: (verdicts: readonly Verdict[]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  ask(batch: readonly Recipient[]): Promise<readonly Verdict[]> {
    this.batches.push(batch.map(({ local }) => local));
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Gives the whole batch one verdict. */
  async answer(verdict: Verdict = DELIVERABLE): Promise<void> {
    this.#resolve((this.batches.at(-1) ?? []).map(() => verdict));
    await settle();
  }

  async fail(error: Error = new UnavailableError('connection closed by the peer')): Promise<void> {
    this.botched = true;
    this.#reject(error);
    await settle();
  }

  close(): void {
    this.closed = true;
    if (this.botched) return;
    this.botched = true;
    this.#reject(new UnavailableError('connection closed'));
  }
}

/** One that is being opened. */
type Opening = { readonly opened: (session: HandSession) => void; readonly refused: (error: Error) => void };

let openings: Opening[];
let lines: string[];
let random: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  // What comes in one turn of the event loop makes one batch: here each question is a turn of its own.
  vi.stubGlobal('setImmediate', (work: () => void) => work());
  openings = [];
  lines = [];
  random = 1;
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const log: Log = {
  ...silentLog,
  error: (fields: object) => void lines.push(`error ${Object(fields).event}`),
  info: (fields: object) => void lines.push(`info ${Object(fields).event}`),
};

function newPool(limits: Partial<PoolLimits> = {}): Pool {
  const open = (): Promise<Session> => new Promise((opened, refused) => openings.push({ opened, refused }));
  return new Pool(
    open,
    { ...DEFAULT_POOL_LIMITS, ...limits },
    { name: 'cyrus', log, now, random: () => random },
  );
}

function now(): number {
  return performance.now();
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Lets the session that is being opened be there. */
async function opened(session = new HandSession()): Promise<HandSession> {
  const opening = await nextOpening();
  opening.opened(session);
  await settle();
  return session;
}

/** A second session is opened where the first has been busy for 5 ms. */
async function nextOpening(): Promise<Opening> {
  if (openings.length === 0) await vi.advanceTimersByTimeAsync(5);
  const opening = openings.shift();
  if (opening === undefined) throw new Error('no session is being opened');
  return opening;
}

async function refused(error: Error = new UnavailableError('connect ECONNREFUSED')): Promise<void> {
  const opening = await nextOpening();
  opening.refused(error);
  await settle();
}

type Asked = { readonly verdict: Promise<string>; settled: string | undefined };

function ask(pool: Pool, local: string, withinMs = 5000): Asked {
  const parsed = parseKey(`${local}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  const asked: Asked = {
    settled: undefined,
    verdict: pool.check(parsed.recipient, now() + withinMs).then(
      ({ kind }) => (asked.settled = kind),
      (error: unknown) => (asked.settled = String(error)),
    ),
  };
  return asked;
}

describe('sessions', () => {
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

  test('questions of one turn of the event loop make one batch', async () => {
    vi.unstubAllGlobals();
    const pool = newPool();
    for (const local of ['a', 'b', 'c']) ask(pool, local);
    await new Promise((resolve) => setImmediate(resolve));
    const session = await opened();
    expect(session.batches).toEqual([['a', 'b', 'c']]);
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

  test('whether 8-bit addresses are taken is learned from the session', async () => {
    const pool = newPool();
    expect(pool.acceptsEightBit).toBe(false);
    ask(pool, 'alice');
    await opened();
    expect(pool.acceptsEightBit).toBe(true);
  });

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

describe('batches', () => {
  test('what arrives while a batch is under way goes out together in the next one', async () => {
    const pool = newPool({ connections: 1 });
    const all = ['a', 'b', 'c'].map((local) => ask(pool, local));
    const session = await opened();
    all.push(...['d', 'e'].map((local) => ask(pool, local)));
    await session.answer();
    await session.answer(UNKNOWN);
    expect(session.batches).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    expect(all.map(({ settled }) => settled)).toEqual([
      ...Array<string>(3).fill('deliverable'),
      ...Array<string>(2).fill('unknown'),
    ]);
  });

  test('none has more recipients than the limit', async () => {
    const pool = newPool({ connections: 1 });
    for (let i = 0; i < 300; i++) ask(pool, `u${i}`);
    const session = await opened();
    await session.answer();
    await session.answer();
    await session.answer();
    expect(session.batches.map(({ length }) => length)).toEqual([128, 128, 44]);
    expect(session.batches.flat()).toEqual(Array.from({ length: 300 }, (_, i) => `u${i}`));
  });

  test('a question whose deadline passed before it could be written is dropped', async () => {
    const pool = newPool({ connections: 1 });
    ask(pool, 'alice');
    const session = await opened();
    const late = ask(pool, 'late', 1000);
    const inTime = ask(pool, 'intime', 2000);
    await vi.advanceTimersByTimeAsync(1000);
    await session.answer();
    expect(late.settled).toContain('DeadlineError');
    expect(session.batches.at(-1)).toEqual(['intime']);
    await session.answer();
    expect(inTime.settled).toBe('deliverable');
  });

  test('where all waiting questions are too late nothing is asked', async () => {
    const pool = newPool({ connections: 1 });
    const late = ask(pool, 'late', 1000);
    await vi.advanceTimersByTimeAsync(1000);
    const session = await opened();
    expect(late.settled).toContain('DeadlineError');
    expect(session.batches).toEqual([]);
    expect([pool.size, pool.waiting]).toEqual([1, 0]);
  });

  test('a verdict that is missing is no verdict', async () => {
    const pool = newPool();
    const alice = ask(pool, 'alice');
    const session = new HandSession();
    vi.spyOn(session, 'ask').mockResolvedValueOnce([]);
    await opened(session);
    expect(alice.settled).toContain('UnavailableError');
  });

  test('more questions than may wait are refused at once', async () => {
    const pool = newPool({ connections: 1, maxWaiting: 3 });
    const waiting = Array.from({ length: 3 }, (_, i) => ask(pool, `u${i}`));
    const refusedOne = ask(pool, 'toomany');
    await settle();
    expect(refusedOne.settled).toContain('has 3 questions waiting');
    await (await opened()).answer();
    expect(waiting.map(({ settled }) => settled)).toEqual(Array(3).fill('deliverable'));
  });
});

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
});

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

  test('a session found after the end is closed', async () => {
    const pool = newPool();
    await downForLong(pool);
    await isRefusedAtOnce(pool);
    await pool.close();
    const session = await opened();
    expect([session.closed, pool.size, vi.getTimerCount()]).toEqual([true, 0, 0]);
  });
});

describe('Cyrus may have been restarted', () => {
  let restarts: number;

  function watched(): Pool {
    restarts = 0;
    const open = (): Promise<Session> => new Promise((opened, refused) => openings.push({ opened, refused }));
    const restarted = (): void => void (restarts += 1);
    return new Pool(open, DEFAULT_POOL_LIMITS, { name: 'cyrus', log, now, random: () => 1, restarted });
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
    random = 0;
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
    await refused();
    await drained;
    expect(alice.settled).toContain('ECONNREFUSED');
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
});
