import { beforeEach, describe, expect, test } from 'vitest';
import { dump, flush, rememberedOf } from '../../../src/daemon/remembered.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { DELIVERABLE, UNKNOWN } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

let now: number;
let cache: VerdictCache;
let validator: Validator;

beforeEach(() => {
  now = 10_000;
  cache = new VerdictCache(
    { maxKnown: 10_000, maxNegative: 100 },
    { ...DEFAULT_BELIEF, unprovenNegativeMs: 10_000 },
    now,
  );
  const rules = {
    address: { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'rig.test' },
    deadlineMs: 5_000,
    eightBit: 'reject',
    alwaysAccepts: () => false,
  } as const;
  validator = new Validator(
    cache,
    () => new HandProbe(),
    rules,
    () => now,
  );
  for (const mailbox of ['alice@example.jp', 'bob@example.jp', 'carol@example.net', 'dave'])
    cache.remember(mailbox, DELIVERABLE, now);
  cache.remember('nobody@example.jp', UNKNOWN, now);
});

async function dumped(domain?: string): Promise<string[]> {
  const all: string[] = [];
  for await (const each of dump(domain, { cache, validator, now: () => now }))
    all.push(...each.map(({ mailbox, state, ageMs }) => `${mailbox} ${state} ${ageMs}`));
  return all.toSorted();
}

const left = async (): Promise<string[]> => (await dumped()).map((line) => line.split(' ')[0] ?? '');

describe('what is remembered of a mailbox', () => {
  test('is its state, its age, and whether it is believed', () => {
    now += 3_000;
    expect(rememberedOf('alice@example.jp', cache, now)).toStrictEqual({
      mailbox: 'alice@example.jp',
      state: 'confirmed',
      ageMs: 3_000,
      believed: true,
    });
    now += DEFAULT_BELIEF.knownMs;
    expect(rememberedOf('alice@example.jp', cache, now)).toMatchObject({ believed: false });
    expect(rememberedOf('zoe@example.jp', cache, now)).toBeUndefined();
  });

  test('is never younger than now', () => {
    expect(rememberedOf('alice@example.jp', cache, now - 500)).toMatchObject({ ageMs: 0 });
  });
});

describe('a list of all', () => {
  test('has each once, of all domains or of one', async () => {
    now += 1_000;
    expect(await left()).toEqual([
      'alice@example.jp',
      'bob@example.jp',
      'carol@example.net',
      'dave',
      'nobody@example.jp',
    ]);
    expect(await dumped('EXAMPLE.jp')).toEqual([
      'alice@example.jp confirmed 1000',
      'bob@example.jp confirmed 1000',
      'nobody@example.jp unknown 1000',
    ]);
    expect(await dumped('example')).toEqual([]);
  });

  test('of the default domain has those without a domain', async () => {
    expect((await dumped('Rig.test')).map((line) => line.split(' ')[0])).toEqual(['dave']);
  });

  test('of thousands comes in portions', async () => {
    for (let i = 0; i < 4_500; i++) cache.remember(`u${i}@example.jp`, DELIVERABLE, now);
    const sizes: number[] = [];
    for await (const each of dump(undefined, { cache, validator, now: () => now })) sizes.push(each.length);
    expect(sizes).toEqual([2_000, 2_000, 505]);
  });
});

test('a list of all has nothing of who is forgotten while it is read, and no empty portion at its end', async () => {
  for (let i = 0; i < 2_000; i++) cache.remember(`u${i}@example.jp`, DELIVERABLE, now);
  const portions: number[] = [];
  for await (const each of dump(undefined, { cache, validator, now: () => now })) {
    portions.push(each.length);
    validator.forgetAll();
  }
  expect(portions).toEqual([2_000, 0]);
  for (let i = 0; i < 2_000; i++) cache.remember(`u${i}@example.jp`, DELIVERABLE, now);
  const whole: number[] = [];
  for await (const each of dump(undefined, { cache, validator, now: () => now })) whole.push(each.length);
  expect(whole).toEqual([2_000]);
});

describe('what is forgotten', () => {
  test('is all of it', async () => {
    expect(await flush({ what: 'all' }, cache, validator)).toBe(5);
    expect(cache.believed('alice@example.jp', now)).toBeUndefined();
  });

  test('is every denial', async () => {
    expect(await flush({ what: 'negative' }, cache, validator)).toBe(1);
    expect(await left()).not.toContain('nobody@example.jp');
    expect(await left()).toHaveLength(4);
  });

  test('is one mailbox, by any of its addresses', async () => {
    expect(await flush({ what: 'key', name: 'ALICE+x@example.jp' }, cache, validator)).toBe(1);
    expect(await left()).not.toContain('alice@example.jp');
    expect(await flush({ what: 'key', name: 'zoe@example.jp' }, cache, validator)).toBe(0);
    expect(await flush({ what: 'key', name: 'al ice@example.jp' }, cache, validator)).toBe(0);
    expect(await left()).toHaveLength(4);
  });

  test('is a domain', async () => {
    expect(await flush({ what: 'domain', name: 'Example.JP' }, cache, validator)).toBe(3);
    expect(await left()).toEqual(['carol@example.net', 'dave']);
    expect(await flush({ what: 'domain', name: 'rig.test' }, cache, validator)).toBe(1);
    expect(await left()).toEqual(['carol@example.net']);
  });
});
