// Under any interleaving of lookups, answers, failures, changes and time, nobody is told what Cyrus did not say:
// never unknown unless it said so of that mailbox after the last change, never from deferred, never too late.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeadlineError, UnavailableError } from '../../src/errors.js';
import type { Probe } from '../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, type Recipient } from '../../src/validation/recipient.js';
import type { Outcome } from '../../src/validation/outcome.js';
import { Validator, type ValidatorRules } from '../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import { VerdictCache } from '../../src/validation/verdict-cache.js';
import {
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../src/validation/verdict.js';

const DEADLINE_MS = 5000;
const RULES: ValidatorRules = {
  address: { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'rig.test' },
  deadlineMs: DEADLINE_MS,
  eightBit: 'reject',
  alwaysAccepts: () => false,
};
const USERS = ['alice@example.jp', 'post@example.jp'] as const;
const KEYS = [...USERS, 'Alice@EXAMPLE.jp', 'alice+x@example.jp', 'post+shared@example.jp'] as const;

/** As where the administrator wants a "no" remembered without proof. */
const BELIEF = { ...DEFAULT_BELIEF, unprovenNegativeMs: DEFAULT_BELIEF.negativeMs };

type Step =
  | { readonly does: 'ask'; readonly key: string }
  | { readonly does: 'answer'; readonly which: number; readonly verdict: Verdict }
  | { readonly does: 'fail'; readonly which: number; readonly error: Error }
  | { readonly does: 'forget'; readonly user: string }
  | { readonly does: 'forgetAll' | 'reconfigure' }
  | { readonly does: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('ask'), key: fc.constantFrom(...KEYS) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('answer'),
      which: fc.nat(9),
      verdict: fc.constantFrom(DELIVERABLE, UNKNOWN, UNKNOWN, OVERQUOTA, REFUSED, deferred('not now')),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('fail'),
      which: fc.nat(9),
      error: fc.constantFrom(new UnavailableError('lost'), new DeadlineError('too late')),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('forget'), user: fc.constantFrom(...USERS) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('forgetAll', 'reconfigure') }) },
  // Whole ticks of the cache, so that the model need not round.
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('pass'), ms: fc.constantFrom(100, 1000, 5000, 10_000, 60_000) }),
  },
);

type Question = {
  readonly address: string;
  readonly user: string;
  readonly number: number;
  readonly time: number;
  readonly answer: (verdict: Verdict) => void;
  readonly fail: (error: Error) => void;
  verdict: Verdict | undefined;
};

type Entry = { readonly verdict: Verdict; readonly time: number };

/** What the validator may know, written down as plainly as can be. */
class Model {
  readonly #store = new Map<string, Entry>();
  readonly #changed = new Map<string, number>();
  readonly questions: Question[] = [];
  readonly open: Question[] = [];
  #number = 0;

  next(): number {
    return (this.#number += 1);
  }

  readonly probe: Probe = {
    name: 'model',
    acceptsEightBit: false,
    drain: () => Promise.resolve(),
    close: () => Promise.resolve(),
    check: ({ address, local, domain }: Recipient) =>
      new Promise((answer, fail) => {
        const user = `${local}@${domain}`;
        const question = {
          address,
          user,
          answer,
          fail,
          number: this.next(),
          time: now(),
          verdict: undefined,
        };
        this.questions.push(question);
        this.open.push(question);
      }),
  };

  /** What is asked before this is not believed any more. */
  change(user: string): void {
    this.#changed.set(user, this.next());
  }

  forget(user: string): void {
    this.change(user);
    this.#store.delete(user);
  }

  forgetNegative(): void {
    for (const [user, { verdict }] of this.#store) {
      if (verdict === UNKNOWN || verdict === REFUSED) this.#store.delete(user);
    }
  }

  landed(question: Question, verdict: Verdict): void {
    question.verdict = verdict;
    const { address, user, number, time } = question;
    if (address !== user || number < this.lastChange(user) || verdict.kind === 'deferred') return;
    this.#store.set(user, { verdict, time });
  }

  lastChange(user: string): number {
    return this.#changed.get(user) ?? 0;
  }

  believed(user: string): Verdict | undefined {
    const entry = this.#store.get(user);
    if (entry === undefined) return undefined;
    const { knownMs, overQuotaMs, negativeMs } = DEFAULT_BELIEF;
    const lives: Record<Verdict['kind'], number> = {
      deliverable: knownMs,
      overquota: overQuotaMs,
      unknown: negativeMs,
      refused: negativeMs,
      deferred: 0,
    };
    return now() - entry.time < lives[entry.verdict.kind] ? entry.verdict : undefined;
  }

  servesStale(user: string): boolean {
    return this.#store.get(user)?.verdict === DELIVERABLE;
  }

  /** Whether Cyrus said this of the address, asked after a moment. */
  said(kind: Verdict['kind'], address: string, since: number): boolean {
    return this.questions.some(
      (each) => each.address === address && each.number > since && each.verdict?.kind === kind,
    );
  }
}

function now(): number {
  return performance.now();
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

async function run(steps: readonly Step[]): Promise<void> {
  vi.clearAllTimers();
  const model = new Model();
  const cache = new VerdictCache({ maxKnown: 100, maxNegative: 100 }, BELIEF, now());
  const validator = new Validator(cache, () => model.probe, RULES, now);
  const lookups: Promise<void>[] = [];

  for (const each of steps) {
    await perform(each, model, validator, lookups);
    await vi.advanceTimersByTimeAsync(0);
    for (const key of KEYS) expectKnown(key, model, validator.known(key));
  }

  await vi.advanceTimersByTimeAsync(DEADLINE_MS);
  await Promise.all(lookups);
  for (const question of model.open.splice(0)) question.fail(new UnavailableError('the end'));
  await vi.advanceTimersByTimeAsync(0);
  expect([validator.flights, model.open.length, vi.getTimerCount()]).toEqual([0, 0, 0]);
}

async function perform(
  each: Step,
  model: Model,
  validator: Validator,
  lookups: Promise<void>[],
): Promise<void> {
  switch (each.does) {
    case 'ask':
      lookups.push(lookUp(each.key, model, validator));
      return;
    case 'answer': {
      const [question] = model.open.splice(each.which % model.open.length, 1);
      if (question === undefined) return;
      model.landed(question, each.verdict);
      question.answer(each.verdict);
      await confirmOthers(model, question.user);
      return;
    }
    case 'fail':
      model.open.splice(each.which % model.open.length, 1)[0]?.fail(each.error);
      return;
    case 'forget':
      model.forget(each.user);
      validator.forget(each.user);
      return;
    case 'forgetAll':
      for (const user of USERS) model.forget(user);
      validator.forgetAll();
      return;
    case 'reconfigure':
      for (const user of USERS) model.change(user);
      model.forgetNegative();
      validator.reconfigure(() => model.probe, RULES);
      return;
    case 'pass':
      await vi.advanceTimersByTimeAsync(each.ms);
  }
}

/**
 * Where a known mailbox is denied, the others that were known are asked about: each is there still. A mailbox that is asked
 * about once more, for who came after the question, is for a later step.
 */
async function confirmOthers(model: Model, answered: string): Promise<void> {
  const { length } = model.open;
  await vi.advanceTimersByTimeAsync(0);
  for (const question of model.open.splice(length)) {
    if (question.address === question.user && question.user !== answered) question.answer(DELIVERABLE);
    else model.open.push(question);
  }
}

async function lookUp(key: string, model: Model, validator: Validator): Promise<void> {
  const begun = now();
  const since = model.lastChange(userOf(key));
  const outcome = await validator.ask(key);
  expect(now() - begun).toBeLessThanOrEqual(DEADLINE_MS);
  expectJustified(key, since, model, outcome);
}

function userOf(key: string): string {
  return key.toLowerCase().replace(/\+[^@]*/, '');
}

/** From the cache comes exactly what the model knows, and of an unknown user’s detail nothing. */
function expectKnown(key: string, model: Model, outcome: Outcome | undefined): void {
  const believed = model.believed(userOf(key));
  const detailed = key.includes('+');
  expect(outcome?.verdict).toEqual(detailed && believed === UNKNOWN ? undefined : believed);
}

function expectJustified(key: string, since: number, model: Model, { verdict, source }: Outcome): void {
  const user = userOf(key);
  const whole = key.toLowerCase();
  if (verdict.kind === 'deferred') return;
  if (source === 'stale') {
    expect(verdict).toBe(DELIVERABLE);
    expect(model.servesStale(user)).toBe(true);
    return;
  }
  if (source === 'known' || source === 'negative') {
    expect(verdict).toEqual(model.believed(user));
    return;
  }
  expect(source).toBe('probe');
  const [ofUser, ofWhole] = [user, whole].map((address) => model.said(verdict.kind, address, since));
  if (verdict.kind === 'unknown') expect([ofUser, ofWhole]).toEqual([true, true]);
  else expect(ofUser === true || ofWhole === true).toBe(true);
}

test('whatever happens in whatever order', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), run), { numRuns: 800 });
});
