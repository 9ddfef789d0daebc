import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeadlineError, UnavailableError } from '../../../src/errors.js';
import type { Outcome } from '../../../src/validation/outcome.js';
import { Validator, type ValidatorRules } from '../../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { DELIVERABLE, deferred, OVERQUOTA, REFUSED, UNKNOWN } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const ALICE = 'alice@example.jp';
const DEADLINE_MS = 5000;
const RULES: ValidatorRules = {
  address: DEFAULT_ADDRESS_RULES,
  deadlineMs: DEADLINE_MS,
  eightBit: 'reject',
  alwaysAccepts: ({ mailbox, local }) => mailbox === 'postmaster@example.jp' || local === 'abuse',
};

/** As where the administrator wants a "no" remembered without proof. */
const BELIEF = { ...DEFAULT_BELIEF, unprovenNegativeMs: DEFAULT_BELIEF.negativeMs };

let probe: HandProbe;
let cache: VerdictCache;
let validator: Validator;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  probe = new HandProbe();
  build();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function build(rules: Partial<ValidatorRules> = {}): void {
  cache = new VerdictCache({ maxKnown: 100, maxNegative: 100 }, BELIEF, now());
  validator = new Validator(cache, () => probe, { ...RULES, ...rules }, now);
}

function now(): number {
  return performance.now();
}

/** Asks, and tells the outcome once it is there. */
function ask(key: string): { readonly outcome: Promise<string>; settled: string | undefined } {
  const asked: { outcome: Promise<string>; settled: string | undefined } = {
    settled: undefined,
    outcome: validator.ask(key).then((outcome) => (asked.settled = told(outcome))),
  };
  return asked;
}

function told({ verdict, source }: Outcome): string {
  return `${verdict.kind} ${source}`;
}

function known(key: string): string | undefined {
  const outcome = validator.known(key);
  return outcome === undefined ? undefined : told(outcome);
}

/** Lets everything that waits for nothing but promises run. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe('asking', () => {
  test('a mailbox that is not known is asked about, and then known', async () => {
    const alice = ask(ALICE);
    await settle();
    expect(probe.asked).toEqual([ALICE]);
    expect(alice.settled).toBeUndefined();
    probe.answer(ALICE, DELIVERABLE);
    expect(await alice.outcome).toBe('deliverable probe');
    expect(known(ALICE)).toBe('deliverable known');
    expect(await ask(ALICE).outcome).toBe('deliverable known');
    expect(probe.asked).toEqual([ALICE]);
  });

  test('for whom it is asked is handed down, whatever kind of question it becomes', async () => {
    const asker = { gone: false };
    void validator.ask(ALICE, 'inbox', asker);
    void validator.ask('bob+list@example.jp', 'inbox', asker);
    void validator.ask('+shared/info@example.jp', 'inbox', asker);
    await settle();
    probe.answer('bob@example.jp', UNKNOWN);
    await settle();
    expect(probe.questions).toHaveLength(4);
    for (const question of probe.questions) {
      expect(question.asker).toBe(asker);
      question.answer(DELIVERABLE);
    }
    await settle();
  });

  test.each([
    [UNKNOWN, 'unknown negative'],
    [REFUSED, 'refused negative'],
    [OVERQUOTA, 'overquota known'],
  ])('%j is remembered', async (verdict, later) => {
    const alice = ask(ALICE);
    await settle();
    probe.answer(ALICE, verdict);
    expect(await alice.outcome).toBe(`${verdict.kind} probe`);
    expect(known(ALICE)).toBe(later);
  });

  test('deferred is not remembered', async () => {
    const alice = ask(ALICE);
    await settle();
    probe.answer(ALICE, deferred('lmtpd said 451 4.3.0 System I/O error'));
    expect(await alice.outcome).toBe('deferred probe');
    expect(known(ALICE)).toBeUndefined();
    expect([cache.knownSize, cache.negativeSize, validator.flights]).toEqual([0, 0, 0]);
  });

  test('keys of another case are the same mailbox', async () => {
    build({ address: { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'rig.test' } });
    const first = ask('Alice@EXAMPLE.jp');
    await settle();
    probe.answer(ALICE, DELIVERABLE);
    await first.outcome;
    expect(known('ALICE@example.JP')).toBe('deliverable known');
    expect(known(ALICE)).toBe('deliverable known');
  });

  test('everybody who asks at the same time shares one question', async () => {
    const all = [ask(ALICE), ask('ALICE@example.jp'), ask('alice+detail@example.jp')];
    await settle();
    expect(probe.asked).toEqual([ALICE]);
    expect(validator.flights).toBe(1);
    probe.answer(ALICE, DELIVERABLE);
    expect(await Promise.all(all.map(({ outcome }) => outcome))).toEqual(Array(3).fill('deliverable probe'));
    expect(validator.flights).toBe(0);
  });

  test('a probe that throws at once, or in whatever way, defers', async () => {
    for (const check of [
      () => {
        throw new TypeError('a mistake of ours');
      },
      () => Promise.reject(new UnavailableError('no connection')),
      // Anything can be thrown in JavaScript.
      () => Promise.reject('a text'),
    ]) {
      vi.spyOn(probe, 'check').mockImplementationOnce(check);
      expect(await ask(ALICE).outcome).toBe('deferred probe');
      expect(validator.flights).toBe(0);
    }
  });
});

describe('what is known without asking', () => {
  test('needs no rules where the key is the name of a mailbox that takes mail', () => {
    const seen: string[] = [];
    build({ alwaysAccepts: ({ address }) => (seen.push(address), false) });
    cache.remember(ALICE, DELIVERABLE, now());
    expect(known(ALICE)).toBe('deliverable known');
    expect(seen).toEqual([]);
    expect([known('Alice@example.jp'), known('alice+x@example.jp')]).toEqual(
      Array(2).fill('deliverable known'),
    );
    expect(seen).toEqual([ALICE, 'alice+x@example.jp']);
  });

  test('is not known of a spelling that Cyrus may judge otherwise: it is asked about alone, each time', async () => {
    cache.remember('first.last@example.jp', DELIVERABLE, now());
    for (const verdict of [DELIVERABLE, UNKNOWN]) {
      expect(known('first^last@example.jp')).toBeUndefined();
      const asked = ask('first^last@example.jp');
      probe.answer('first^last@example.jp', verdict);
      expect(await asked.outcome).toBe(`${verdict.kind} probe`);
    }
    expect(known('first.last@example.jp')).toBe('deliverable known');
    const late = ask('first^last@example.jp');
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(late.settled, 'nor served in an outage').toBe('deferred deadline');
  });

  test('tells how old a denial is', () => {
    cache.remember('bob@example.jp', UNKNOWN, now());
    vi.advanceTimersByTime(3000);
    expect(validator.deniedMs('Bob@example.jp')).toBe(3000);
    expect([validator.deniedMs(ALICE), validator.deniedMs('al ice@example.jp')]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('a question under way, where nothing would tell of a change', () => {
  test('its "no" is none for who asked later: the mailbox may have been made in between', async () => {
    const first = ask(ALICE);
    await vi.advanceTimersByTimeAsync(1);
    const later = [ask(ALICE), ask(ALICE), ask(ALICE)];
    await settle();
    expect(probe.asked).toEqual([ALICE]);
    probe.answer(ALICE, UNKNOWN);
    await settle();
    expect(first.settled).toBe('unknown probe');
    expect(later.map(({ settled }) => settled)).toEqual([undefined, undefined, undefined]);
    expect(probe.asked, 'one more question, for all of them').toEqual([ALICE, ALICE]);
    await vi.advanceTimersByTimeAsync(1);
    probe.answer(ALICE, DELIVERABLE);
    await settle();
    expect(later.map(({ settled }) => settled)).toEqual(Array(3).fill('deliverable probe'));
  });

  test('its "yes" is one for all who wait', async () => {
    const first = ask(ALICE);
    await vi.advanceTimersByTimeAsync(1);
    const later = ask(ALICE);
    probe.answer(ALICE, DELIVERABLE);
    await settle();
    expect([first.settled, later.settled, probe.asked.length]).toEqual([
      'deliverable probe',
      'deliverable probe',
      1,
    ]);
  });
});

describe('the deadline', () => {
  test('is answered with deferred, to the millisecond', async () => {
    const alice = ask(ALICE);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    expect(alice.settled).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(alice.settled).toBe('deferred deadline');
  });

  test('counts what has passed already', async () => {
    const waited = validator.ask(ALICE, 'inbox', undefined, 3000).then(told);
    expect(probe.question(ALICE).deadline).toBe(now() + 2000);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await waited).toBe('deferred deadline');
  });

  test('that has passed already asks nobody', async () => {
    expect(told(await validator.ask(ALICE, 'inbox', undefined, DEADLINE_MS))).toBe('deferred deadline');
    expect(probe.asked).toEqual([]);
  });

  test('what Cyrus says later feeds the cache', async () => {
    const alice = ask(ALICE);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(alice.settled).toBe('deferred deadline');
    probe.answer(ALICE, UNKNOWN);
    await settle();
    expect(alice.settled).toBe('deferred deadline');
    expect(known(ALICE)).toBe('unknown negative');
  });

  test('what is late is as old as its question', async () => {
    const alice = ask(ALICE);
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.negativeMs);
    probe.answer(ALICE, UNKNOWN);
    await alice.outcome;
    expect(known(ALICE)).toBeUndefined();
  });

  test('a late failure harms nobody', async () => {
    const alice = ask(ALICE);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    probe.question(ALICE).fail(new UnavailableError('connection lost'));
    await settle();
    expect(await alice.outcome).toBe('deferred deadline');
    expect(validator.flights).toBe(0);
  });

  test('is each lookup’s own, and the question has that of the first', async () => {
    const first = ask(ALICE);
    const begun = now();
    await vi.advanceTimersByTimeAsync(3000);
    const second = ask(ALICE);
    await vi.advanceTimersByTimeAsync(2000);
    expect([first.settled, second.settled]).toEqual(['deferred deadline', undefined]);
    expect(probe.question(ALICE).deadline).toBe(begun + DEADLINE_MS);
    probe.answer(ALICE, DELIVERABLE);
    expect(await second.outcome).toBe('deliverable probe');
  });

  test('who joined a question that was dropped at its deadline asks again', async () => {
    const first = ask(ALICE);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    const joined = [ask(ALICE), ask(ALICE)];
    await vi.advanceTimersByTimeAsync(1);
    probe.question(ALICE).fail(new DeadlineError('the deadline passed before Cyrus could be asked'));
    await settle();
    expect(first.settled).toBe('deferred deadline');
    expect(joined.map(({ settled }) => settled)).toEqual([undefined, undefined]);
    expect(probe.asked).toEqual([ALICE, ALICE]);
    probe.answer(ALICE, DELIVERABLE);
    expect(await Promise.all(joined.map(({ outcome }) => outcome))).toEqual(
      Array(2).fill('deliverable probe'),
    );
  });
});

describe('forgetting, and generations', () => {
  test('a forgotten mailbox is asked about again', async () => {
    const first = ask(ALICE);
    await settle();
    probe.answer(ALICE, DELIVERABLE);
    await first.outcome;
    validator.forget(ALICE);
    expect(known(ALICE)).toBeUndefined();
  });

  const ways: [string, () => void][] = [
    ['the mailbox is forgotten', () => validator.forget(ALICE)],
    ['all is forgotten', () => validator.forgetAll()],
    ['every "no" is forgotten', () => validator.forgetNegative()],
    ['changes may have been missed', () => validator.missed()],
    ['the configuration changes', () => validator.reconfigure(() => probe, RULES)],
  ];
  test.each(ways)('when %s, the answer under way is for those who waited already', async (_, forget) => {
    const before = ask(ALICE);
    await settle();
    const old = probe.question(ALICE);
    forget();
    const after = ask(ALICE);
    await settle();
    expect(probe.asked).toEqual([ALICE, ALICE]);
    old.answer(UNKNOWN);
    expect(await before.outcome).toBe('unknown probe');
    expect(after.settled).toBeUndefined();
    expect(known(ALICE)).toBeUndefined();
    probe.answer(ALICE, DELIVERABLE);
    expect(await after.outcome).toBe('deliverable probe');
    expect(known(ALICE)).toBe('deliverable known');
    expect(validator.flights).toBe(0);
  });

  test.each(ways)('when %s, an old answer that comes last is not cached', async (_, forget) => {
    const before = ask(ALICE);
    await settle();
    const old = probe.question(ALICE);
    forget();
    const after = ask(ALICE);
    await settle();
    probe.answer(ALICE, DELIVERABLE);
    await after.outcome;
    old.answer(UNKNOWN);
    await before.outcome;
    expect(known(ALICE)).toBe('deliverable known');
  });

  test('an old question that fails takes no new one with it', async () => {
    const before = ask(ALICE);
    await settle();
    const old = probe.question(ALICE);
    validator.forget(ALICE);
    const after = ask(ALICE);
    await settle();
    old.fail(new UnavailableError('connection lost'));
    expect(await before.outcome).toBe('deferred probe');
    expect(validator.flights).toBe(1);
    probe.answer(ALICE, DELIVERABLE);
    expect(await after.outcome).toBe('deliverable probe');
  });

  test('every "no" can be forgotten, and nothing else', () => {
    cache.remember(ALICE, DELIVERABLE, now());
    cache.remember('bob@example.jp', UNKNOWN, now());
    validator.forgetNegative();
    expect([known(ALICE), known('bob@example.jp')]).toEqual(['deliverable known', undefined]);
  });

  test('rules and route are those of the last configuration', () => {
    const [route, address] = [() => 'unserved' as const, { ...DEFAULT_ADDRESS_RULES, postUser: 'post' }];
    validator.reconfigure(route, { ...RULES, address });
    expect(validator.addressRules).toBe(address);
    expect(validator.route).toBe(route);
  });

  test('a mailbox that nobody serves is not marked as over its quota', () => {
    validator.reconfigure(() => 'unserved', RULES);
    validator.markOverQuota(ALICE);
    expect(cache.knownSize).toBe(0);
  });

  test('a new configuration drops what is cached as negative, and keeps the rest', () => {
    cache.remember(ALICE, DELIVERABLE, now());
    cache.remember('bob@example.jp', UNKNOWN, now());
    validator.reconfigure(() => probe, RULES);
    expect(known(ALICE)).toBe('deliverable known');
    expect(known('bob@example.jp')).toBeUndefined();
  });

  test('where names are made otherwise, it drops everything', () => {
    cache.remember(ALICE, DELIVERABLE, now());
    validator.reconfigure(() => probe, {
      ...RULES,
      address: { ...DEFAULT_ADDRESS_RULES, downcase: false, postUser: '' },
    });
    expect(known(ALICE)).toBeUndefined();
  });
});

describe('details', () => {
  test('the user is asked about, and its verdict holds for every detail', async () => {
    const one = ask('alice+one@example.jp');
    await settle();
    probe.answer(ALICE, DELIVERABLE);
    expect(await one.outcome).toBe('deliverable probe');
    expect(known('alice+two@example.jp')).toBe('deliverable known');
    expect(known(ALICE)).toBe('deliverable known');
    expect(probe.asked).toEqual([ALICE]);
  });

  test('where there is no such user, the whole address is asked about: it may name a shared mailbox', async () => {
    const shared = ask('post+shared/info@example.jp');
    await settle();
    probe.answer('post@example.jp', UNKNOWN);
    await settle();
    expect(shared.settled).toBeUndefined();
    probe.answer('post+shared/info@example.jp', DELIVERABLE);
    expect(await shared.outcome).toBe('deliverable probe');
    expect(probe.asked).toEqual(['post@example.jp', 'post+shared/info@example.jp']);
  });

  test('that answer is cached for nobody: no event names the address', async () => {
    for (const verdict of [DELIVERABLE, UNKNOWN]) {
      const shared = ask('post+shared/info@example.jp');
      await settle();
      if (verdict === DELIVERABLE) {
        probe.answer('post@example.jp', UNKNOWN);
        await settle();
      }
      probe.answer('post+shared/info@example.jp', verdict);
      expect(await shared.outcome).toBe(`${verdict.kind} probe`);
      expect(known('post+shared/info@example.jp')).toBeUndefined();
    }
    expect(cache.knownSize).toBe(0);
    expect(known('post@example.jp')).toBe('unknown negative');
  });

  test('with the post user configured the address is asked about at once, each time anew', async () => {
    build({ address: { ...DEFAULT_ADDRESS_RULES, downcase: true, postUser: 'post' } });
    const shared = ask('post+shared/info@example.jp');
    await settle();
    expect(probe.asked).toEqual(['post+shared/info@example.jp']);
    probe.answer('post+shared/info@example.jp', DELIVERABLE);
    await shared.outcome;
    expect(known('post+shared/info@example.jp')).toBeUndefined();
    expect(known('post+shared/other@example.jp')).toBeUndefined();
  });

  test('a user who is over quota, refused or deferred is not asked about twice', async () => {
    for (const verdict of [OVERQUOTA, REFUSED, deferred('System I/O error')]) {
      validator.forgetAll();
      const detailed = ask('alice+x@example.jp');
      await settle();
      probe.answer(ALICE, verdict);
      expect(await detailed.outcome).toBe(`${verdict.kind} probe`);
    }
    expect(probe.asked).toEqual([ALICE, ALICE, ALICE]);
  });

  test('one deadline holds for both questions', async () => {
    const shared = ask('post+shared/info@example.jp');
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    probe.answer('post@example.jp', UNKNOWN);
    await vi.advanceTimersByTimeAsync(1);
    expect(shared.settled).toBe('deferred deadline');
    const [first, second] = probe.questions;
    expect(second?.deadline).toBe(first?.deadline);
    second?.fail(new UnavailableError('connection lost'));
  });

  test('a failure of the second question defers', async () => {
    const shared = ask('post+shared/info@example.jp');
    await settle();
    probe.answer('post@example.jp', UNKNOWN);
    await settle();
    probe.question('post+shared/info@example.jp').fail(new UnavailableError('connection lost'));
    expect(await shared.outcome).toBe('deferred probe');
  });

  test('a shared mailbox that is named without a user is asked about at once', async () => {
    const shared = ask('+shared/info@example.jp');
    probe.answer('+shared/info@example.jp', DELIVERABLE);
    expect(await shared.outcome).toBe('deliverable probe');
    expect(probe.asked).toEqual(['+shared/info@example.jp']);
  });

  test('a "yes" to a shared mailbox is none where the back-channel is known to say it of others', async () => {
    build({ fuzzy: new Set(['hand']) });
    const shared = ask('+shared/info@example.jp');
    probe.answer('+shared/info@example.jp', DELIVERABLE);
    expect(await shared.outcome).toBe('deferred probe');
  });

  test('a folder is asked about where that decides, though its INBOX is known', async () => {
    cache.remember(ALICE, DELIVERABLE, now());
    const folder = () => validator.ask('alice+x@example.jp', 'folder').then(told);
    expect(await folder()).toBe('deferred rule');
    expect(probe.asked, 'a back-channel that sees none').toEqual([]);
    probe.seesFolders = true;
    const asked = folder();
    probe.answer('alice+x@example.jp', UNKNOWN);
    expect(await asked).toBe('unknown probe');
    expect(known(ALICE)).toBe('deliverable known');
  });

  test('an address that is as long as a mailbox name may be is asked about with its detail', async () => {
    const longest = `nobody+${'x'.repeat(1024 - 'nobody+@example.jp'.length)}@example.jp`;
    for (const [key, asked] of [
      [longest, ['nobody@example.jp', longest]],
      [longest.replace('x', 'xx'), ['nobody@example.jp']],
    ] as const) {
      build();
      probe.questions.length = 0;
      const outcome = ask(key);
      probe.answer('nobody@example.jp', UNKNOWN);
      await settle();
      if (asked.length > 1) probe.answer(key, UNKNOWN);
      expect(await outcome.outcome).toBe('unknown probe');
      expect(probe.asked).toEqual(asked);
    }
  });

  test('a detail longer than any mailbox name is not asked about', async () => {
    const long = ask(`nobody+${'x'.repeat(2000)}@example.jp`);
    await settle();
    probe.answer('nobody@example.jp', UNKNOWN);
    expect(await long.outcome).toBe('unknown probe');
    expect(probe.asked).toEqual(['nobody@example.jp']);
  });
});

describe('rules that need nobody', () => {
  test.each([
    ['postmaster@example.jp', 'deliverable rule'],
    ['Postmaster+x@EXAMPLE.JP', 'deliverable rule'],
    ['abuse@anywhere.test', 'deliverable rule'],
    ['abuse', 'deliverable rule'],
    ['al ice@example.jp', 'unknown rule'],
    ['"alice"@example.jp', 'unknown rule'],
    ['a@b@example.jp', 'unknown rule'],
    ['@example.jp', 'unknown rule'],
    ['', 'unknown rule'],
    [`${'a'.repeat(1100)}@example.jp`, 'unknown rule'],
    ['@relay.test:alice@example.jp', 'deferred rule'],
    ['alice+a\\b@example.jp', 'deferred rule'],
    ['m\xfcller@example.jp', 'unknown rule'],
  ])('%j is %s', async (key, expected) => {
    expect(known(key)).toBe(expected);
    expect(await ask(key).outcome).toBe(expected);
    expect(probe.asked).toEqual([]);
  });

  test('an always accepted address stays so, whatever an event marked and a back-channel said', async () => {
    validator.markOverQuota('postmaster@example.jp');
    expect(known('postmaster@example.jp')).toBe('deliverable rule');
    const detailed = ask('postmaster+x@example.jp');
    expect(await detailed.outcome).toBe('deliverable rule');
    cache.remember('abuse@example.jp', REFUSED, now());
    expect(known('abuse@example.jp')).toBe('deliverable rule');
  });

  test('an 8-bit local part is deferred where it is configured so, or where the back-channel takes it', () => {
    build({ eightBit: 'temp' });
    expect(known('m\xfcller@example.jp')).toBe('deferred rule');
    build();
    probe.acceptsEightBit = true;
    expect(known('m\xfcller@example.jp')).toBe('deferred rule');
    expect(known('alice@m\xfcller.jp')).toBe('deferred rule');
  });

  test('a domain that nobody serves is deferred, and unknown where the list of domains is complete', async () => {
    validator.reconfigure(() => 'unserved', RULES);
    expect(await ask(ALICE).outcome).toBe('deferred routing');
    expect(await ask('alice+x@example.jp').outcome).toBe('deferred routing');
    expect(await ask('+shared/info@example.jp').outcome).toBe('deferred routing');
    expect(await ask('first^last@example.jp').outcome).toBe('deferred routing');
    expect(told(await validator.ask('alice+x@example.jp', 'folder'))).toBe('deferred routing');
    validator.reconfigure(() => 'foreign', RULES);
    expect(await ask(ALICE).outcome).toBe('unknown routing');
    expect(await ask('alice+x@example.jp').outcome).toBe('unknown routing');
    expect([cache.knownSize, cache.negativeSize]).toEqual([0, 0]);
  });
});

describe('a mailbox that has several names', () => {
  const served = (domain: string | undefined): HandProbe | 'unserved' =>
    domain === 'example.jp' ? probe : 'unserved';

  beforeEach(() => {
    build({ address: { ...DEFAULT_ADDRESS_RULES, virtualDomains: false } });
    validator.reconfigure(served, { ...RULES, address: { ...DEFAULT_ADDRESS_RULES, virtualDomains: false } });
  });

  test.each([[DELIVERABLE], [UNKNOWN]])('is not believed by one that nobody serves: %j', async (verdict) => {
    const alice = ask(ALICE);
    await settle();
    probe.answer(ALICE, verdict);
    expect(await alice.outcome).toBe(`${verdict.kind} probe`);
    expect(known(ALICE)?.split(' ')[0]).toBe(verdict.kind);
    for (const key of ['alice@example.net', 'alice', 'alice+x@example.net']) {
      expect(known(key)).toBeUndefined();
      expect(await ask(key).outcome).toBe('deferred routing');
    }
  });

  test('is not served in an outage to one that nobody serves', async () => {
    cache.remember('alice', DELIVERABLE, now());
    const late = await validator.ask('alice@example.net', 'inbox', undefined, DEADLINE_MS);
    expect(told(late)).toBe('deferred deadline');
  });

  test('nor does one that nobody serves join a question about another', async () => {
    const alice = ask(ALICE);
    await settle();
    expect(await ask('alice@example.net').outcome).toBe('deferred routing');
    probe.answer(ALICE, DELIVERABLE);
    await alice.outcome;
  });
});

describe('while Cyrus cannot be asked', () => {
  beforeEach(() => cache.remember(ALICE, DELIVERABLE, now()));

  test('a mailbox that was known is served, until the limit', async () => {
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.knownMs);
    const alice = ask(ALICE);
    await settle();
    probe.question(ALICE).fail(new UnavailableError('no connection'));
    expect(await alice.outcome).toBe('deliverable stale');
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.staleMs);
    const later = ask(ALICE);
    await settle();
    probe.question(ALICE).fail(new UnavailableError('no connection'));
    expect(await later.outcome).toBe('deferred probe');
  });

  test('so it is where the deadline passes', async () => {
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.knownMs);
    const alice = ask('alice+x@example.jp');
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(alice.settled).toBe('deliverable stale');
    probe.question(ALICE).fail(new UnavailableError('no connection'));
  });

  test('but a folder is not there for its INBOX, which was', async () => {
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.knownMs);
    probe.seesFolders = true;
    const folder = validator.ask('alice+x@example.jp', 'folder').then(told);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(await folder).toBe('deferred deadline');
  });

  test('but not once it was forgotten', async () => {
    validator.forget(ALICE);
    const alice = ask(ALICE);
    await settle();
    probe.question(ALICE).fail(new UnavailableError('no connection'));
    expect(await alice.outcome).toBe('deferred probe');
  });

  test('and Cyrus’ own word wins over it', async () => {
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.knownMs);
    const alice = ask(ALICE);
    await settle();
    probe.answer(ALICE, UNKNOWN);
    expect(await alice.outcome).toBe('unknown probe');
  });

  test('an unknown mailbox is deferred: a negative entry is never served after its life', async () => {
    cache.remember('bob@example.jp', UNKNOWN, now());
    await vi.advanceTimersByTimeAsync(DEFAULT_BELIEF.negativeMs);
    const bob = ask('bob@example.jp');
    await settle();
    probe.question('bob@example.jp').fail(new UnavailableError('no connection'));
    expect(await bob.outcome).toBe('deferred probe');
  });
});

describe('a snapshot', () => {
  test('answers at once, and asks in the background', async () => {
    const snapshot = validator.beginSnapshot();
    snapshot.add(ALICE);
    snapshot.finish('imap', () => true);
    expect(known(ALICE)).toBe('deliverable known');
    await settle();
    expect(probe.asked).toEqual([ALICE]);
    probe.answer(ALICE, OVERQUOTA);
    await settle();
    expect(known(ALICE)).toBe('overquota known');
  });

  test('while Cyrus cannot be asked the background questions pause', async () => {
    const snapshot = validator.beginSnapshot();
    snapshot.add(ALICE);
    snapshot.finish('imap', () => true);
    expect(known(ALICE)).toBe('deliverable known');
    await settle();
    probe.question(ALICE).fail(new UnavailableError('no connection'));
    await settle();
    expect(known(ALICE)).toBe('deliverable known');
    await settle();
    expect(probe.asked).toEqual([ALICE]);
    await vi.advanceTimersByTimeAsync(999);
    known(ALICE);
    expect(probe.asked, 'for a second').toEqual([ALICE]);
    await vi.advanceTimersByTimeAsync(1);
    known(ALICE);
    expect(probe.asked).toEqual([ALICE, ALICE]);
    probe.answer(ALICE, DELIVERABLE);
    await settle();
  });

  /** A list has both. */
  function list(): void {
    const snapshot = validator.beginSnapshot();
    for (const mailbox of [ALICE, 'bob@example.jp']) snapshot.add(mailbox);
    snapshot.finish('imap', () => true);
  }

  test('and so they do where Cyrus does not know, and not where it does', async () => {
    list();
    known(ALICE);
    probe.answer(ALICE, DELIVERABLE);
    await settle();
    known('bob@example.jp');
    probe.answer('bob@example.jp', deferred('busy'));
    await settle();
    known('bob@example.jp');
    expect(probe.asked).toEqual([ALICE, 'bob@example.jp']);
  });

  test('asks in the background about the mailbox without its detail, with the time of a lookup', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    list();
    known('alice+x@example.jp');
    expect(probe.asked).toEqual([ALICE]);
    expect(probe.question(ALICE).deadline).toBe(1000 + DEADLINE_MS);
    probe.answer(ALICE, DELIVERABLE);
    await settle();
  });

  test('asks once for all who come meanwhile, and where that is too late nobody asks again at once', async () => {
    list();
    known(ALICE);
    await vi.advanceTimersByTimeAsync(1000);
    known(ALICE);
    await vi.advanceTimersByTimeAsync(4000);
    probe.question(ALICE).fail(new DeadlineError('too late'));
    await settle();
    expect(probe.asked).toEqual([ALICE]);
  });

  test('that is over is not outdated by what comes after it', () => {
    const snapshot = validator.beginSnapshot();
    snapshot.finish('imap', () => true);
    validator.missed();
    expect(snapshot.outdated).toBe(false);
  });

  test('what changed while it was read is not taken from it', () => {
    const snapshot = validator.beginSnapshot();
    validator.forget(ALICE);
    snapshot.add(ALICE);
    snapshot.add('bob@example.jp');
    snapshot.finish('imap', () => true);
    expect(known(ALICE)).toBeUndefined();
    expect(cache.knownSize).toBe(1);
  });

  test('what was under way when all was forgotten is taken for nothing', () => {
    const snapshot = validator.beginSnapshot();
    snapshot.add(ALICE);
    validator.forgetAll();
    snapshot.add('bob@example.jp');
    snapshot.finish('imap', () => true);
    expect(cache.knownSize).toBe(0);
  });
});
