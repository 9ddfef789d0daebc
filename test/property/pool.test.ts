// Whatever becomes of sessions in whatever order, each question is answered once, by what was said of its own
// recipient or with an error, and nobody waits where nobody will come.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_POOL_LIMITS, Pool, type PoolLimits } from '../../src/cyrus/pool/pool.js';
import type { Progress, Session } from '../../src/cyrus/pool/session.js';
import { DeadlineError, UnavailableError } from '../../src/errors.js';
import { silentLog } from '../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../src/validation/recipient.js';
import { DELIVERABLE, OVERQUOTA, UNKNOWN, type Verdict } from '../../src/validation/verdict.js';

const STALLED_MAX = 6;

const LIMITS: PoolLimits = { ...DEFAULT_POOL_LIMITS, connections: 2, batch: 3, maxWaiting: 8 };
const DEADLINE_MS = 5000;

const ERRORS = {
  lost: new UnavailableError('connection closed by the peer'),
  silent: new DeadlineError('no reply within 10000 ms'),
  refused: new UnavailableError('no connection', {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  }),
};

type Step =
  | { readonly does: 'ask'; readonly count: number }
  | { readonly does: 'open' | 'tell' | 'hint' | 'answer' | 'end'; readonly which: number }
  | { readonly does: 'refuse' | 'lose'; readonly which: number; readonly error: Error }
  | { readonly does: 'pass'; readonly ms: number }
  | { readonly does: 'drain' | 'close' };

const which = fc.nat(3);
const error = fc.constantFrom(...Object.values(ERRORS));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('ask'), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('open'), which }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('answer'), which }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('tell', 'hint'), which }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('end'), which }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('refuse'), which, error }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('lose'), which, error }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('pass'),
      ms: fc.constantFrom(1, 5, 100, 250, 300, 1500, 5000, 10_000, 60_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('drain', 'close') }) },
);

/** What Cyrus says of a recipient is in its name. */
function truth(local: string): Verdict {
  return [DELIVERABLE, UNKNOWN, OVERQUOTA][Number(local.slice(1)) % 3] ?? UNKNOWN;
}

class World {
  readonly openings: { resolve: (session: Session) => void; reject: (error: Error) => void }[] = [];
  readonly sessions: WorldSession[] = [];
  readonly deadlines = new Map<string, number>();
  readonly attempts = new Map<string, number>();
  readonly mistakes: string[] = [];
  readonly pool = new Pool(
    () => new Promise((resolve, reject) => this.openings.push({ resolve, reject })),
    LIMITS,
    { name: 'world', log: silentLog, now, random: () => 0.5 },
  );
  readonly questions: Promise<void>[] = [];
  settled = 0;
  #asked = 0;

  ask(): void {
    const local = `u${this.#asked++}`;
    const parsed = parseKey(`${local}@example.jp`, DEFAULT_ADDRESS_RULES);
    if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
    this.deadlines.set(local, now() + DEADLINE_MS);
    this.questions.push(
      this.pool.check(parsed.recipient, now() + DEADLINE_MS).then(
        (verdict) => {
          this.settled += 1;
          expect(verdict).toMatchObject(truth(local));
        },
        (reason: unknown) => {
          this.settled += 1;
          expect(reason).toBeInstanceOf(Error);
        },
      ),
    );
  }

  get open(): WorldSession[] {
    return this.sessions.filter(({ botched }) => !botched);
  }

  get busy(): WorldSession[] {
    return this.open.filter(({ busy }) => busy);
  }
}

class WorldSession implements Session {
  readonly acceptsEightBit = false;
  readonly #world: World;
  botched = false;
  #progress: Progress | undefined;
  #told = 0;
  #batch:
    { resolve: (verdicts: Verdict[]) => void; reject: (error: Error) => void; locals: string[] } | undefined;

  constructor(world: World) {
    this.#world = world;
    world.sessions.push(this);
  }

  get busy(): boolean {
    return this.#batch !== undefined;
  }

  ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]> {
    this.#progress = progress;
    const locals = batch.map(({ local }) => local);
    this.#world.mistakes.push(...this.#mistakes(locals));
    return new Promise((resolve, reject) => (this.#batch = { resolve, reject, locals }));
  }

  /** Thrown here they would only look like a session that is lost. */
  #mistakes(locals: readonly string[]): string[] {
    const mistakes: string[] = [];
    if (this.busy) mistakes.push('asked while it is busy');
    if (this.botched) mistakes.push('asked after its end');
    if (locals.length === 0 || locals.length > LIMITS.batch) mistakes.push(`a batch of ${locals.length}`);
    for (const local of locals) {
      if ((this.#world.deadlines.get(local) ?? 0) <= now()) mistakes.push(`${local} asked too late`);
      const attempts = (this.#world.attempts.get(local) ?? 0) + 1;
      this.#world.attempts.set(local, attempts);
      if (attempts > 2) mistakes.push(`${local} asked ${attempts} times`);
      if (attempts > 1 && locals.length > 1) mistakes.push(`${local} not asked alone`);
    }
    return mistakes;
  }

  /** Answers one more of the batch, for certain or not. */
  tell(isCertain: boolean): void {
    const local = this.#batch?.locals[this.#told];
    if (local === undefined) return;
    this.#progress?.heard();
    const verdict = truth(local);
    if (!isCertain) this.#progress?.unproven(this.#told);
    else if (verdict.kind === 'deliverable') this.#progress?.early(this.#told, verdict);
    this.#told += 1;
  }

  answer(): void {
    const batch = this.#batch;
    this.#batch = undefined;
    this.#told = 0;
    batch?.resolve(batch.locals.map(truth));
  }

  lose(reason: Error): void {
    this.botched = true;
    const batch = this.#batch;
    this.#batch = undefined;
    batch?.reject(reason);
  }

  close(): void {
    if (!this.botched) this.lose(new UnavailableError('connection closed'));
  }
}

function now(): number {
  return performance.now();
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

function one<Item>(items: readonly Item[], which: number): Item | undefined {
  return items[which % items.length];
}

function taken<Item>(items: Item[], which: number): Item | undefined {
  return items.splice(which % items.length, 1)[0];
}

async function perform(world: World, each: Step): Promise<void> {
  switch (each.does) {
    case 'ask':
      for (let i = 0; i < each.count; i++) world.ask();
      return;
    case 'open':
      taken(world.openings, each.which)?.resolve(new WorldSession(world));
      return;
    case 'refuse':
      taken(world.openings, each.which)?.reject(each.error);
      return;
    case 'tell':
    case 'hint':
      one(world.busy, each.which)?.tell(each.does === 'tell');
      return;
    case 'answer':
      one(world.busy, each.which)?.answer();
      return;
    case 'lose':
      one(world.busy, each.which)?.lose(each.error);
      return;
    case 'end':
      // While it is idle, and unnoticed until it is used.
      one(
        world.open.filter(({ busy }) => !busy),
        each.which,
      )?.lose(ERRORS.lost);
      return;
    case 'pass':
      await vi.advanceTimersByTimeAsync(each.ms);
      return;
    case 'drain':
    case 'close':
      void world.pool[each.does]();
  }
}

async function run(steps: readonly Step[]): Promise<void> {
  vi.clearAllTimers();
  const world = new World();
  for (const each of steps) {
    await perform(world, each);
    await settle();
    expect(world.mistakes).toEqual([]);
    expect(world.open.length + world.openings.length).toBeLessThanOrEqual(LIMITS.connections + STALLED_MAX);
    expect(world.pool.waiting).toBeLessThanOrEqual(LIMITS.maxWaiting + 2 * LIMITS.batch);
    if (world.pool.waiting > 0) expect(world.busy.length + world.openings.length).toBeGreaterThan(0);
  }

  // From now on Cyrus answers: whoever still waits gets an answer, or an error.
  for (let rounds = 0; world.settled < world.questions.length; rounds++) {
    expect(rounds).toBeLessThan(100);
    world.openings.shift()?.resolve(new WorldSession(world));
    await settle();
    for (const session of world.busy) session.answer();
    await vi.advanceTimersByTimeAsync(5);
  }
  await Promise.all(world.questions);
  expect(world.mistakes).toEqual([]);

  await world.pool.close();
  for (const opening of world.openings.splice(0)) opening.resolve(new WorldSession(world));
  await settle();
  expect([world.pool.size, world.pool.waiting, world.open.length]).toEqual([0, 0, 0]);
  // What was refused just now is counted until the turn of the event loop is over.
  await vi.advanceTimersByTimeAsync(1);
  expect(vi.getTimerCount()).toBe(0);
}

test('whatever happens in whatever order', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), run), { numRuns: 800 });
});
