import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import { Vanished } from '../../../src/validation/vanished.js';
import { DELIVERABLE, deferred, UNKNOWN, type Verdict } from '../../../src/validation/verdict.js';

/** So many known mailboxes are kept, to be asked about. */
const SAMPLE = 32;

let now: number;
let told: string[];
let vanished: Vanished;
/** What Cyrus says of each; deliverable of the others. */
let gone: Map<string, Verdict>;
let asked: string[];

beforeEach(() => {
  [now, told, gone, asked] = [100_000, [], new Map(), []];
  const alarm = {
    vanished: (name: string, mailboxes: number) => told.push(`${name}: ${mailboxes} vanished`),
    back: (name: string) => told.push(`${name}: back`),
  };
  vanished = new Vanished('cyrus', alarm, () => now);
});

function recipient(name: string): Recipient {
  const parsed = parseKey(`${name}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(`${name} is ${parsed.kind}`);
  return parsed.recipient;
}

function confirm(count: number): void {
  for (let i = 0; i < count; i++) vanished.confirmed(recipient(`u${i}`));
}

async function judge(name: string, isDeleted = (_: Recipient): boolean => false): Promise<string> {
  const ask = ({ local }: Recipient): Promise<Verdict> => {
    asked.push(local);
    return Promise.resolve(gone.get(local) ?? DELIVERABLE);
  };
  const doubt = await vanished.judge(recipient(name), ask, isDeleted);
  return doubt?.kind ?? 'unknown';
}

function lose(...names: string[]): void {
  for (const name of names) gone.set(name, UNKNOWN);
}

describe('a mailbox that was known and is unknown', () => {
  test('is unknown where all others exist that were known, and they are asked', async () => {
    confirm(5);
    lose('u1');
    expect(await judge('u1')).toBe('unknown');
    expect(asked.sort()).toEqual(['u0', 'u2', 'u3', 'u4']);
    expect(told).toEqual([]);
  });

  test('is unknown where no other was ever known: the witness has to do', async () => {
    confirm(1);
    expect(await judge('u0')).toBe('unknown');
  });

  test('is deferred where the others cannot be asked, and nobody is alarmed', async () => {
    confirm(3);
    gone.set('u1', deferred('no answer'));
    expect(await judge('u0')).toBe('deferred');
    expect(told).toEqual([]);
    gone.clear();
    expect(await judge('u0')).toBe('unknown');
  });

  test('is deferred where asking about the others fails, and nobody is alarmed', async () => {
    confirm(3);
    const fail = () => Promise.reject(new Error('lost'));
    expect((await vanished.judge(recipient('u0'), fail, () => false))?.kind).toBe('deferred');
    expect(told).toEqual([]);
  });
});

test('others that were deleted for sure are not missing, and are asked no more', async () => {
  confirm(6);
  lose('u0', 'u1', 'u2', 'u3');
  expect(await judge('u0', ({ local }) => local !== 'u0')).toBe('unknown');
  expect(told).toEqual([]);
  asked = [];
  lose('u4');
  expect(await judge('u4')).toBe('unknown');
  expect(asked).toEqual(['u5']);
});

describe('mailboxes that vanish together', () => {
  test('are all deferred, as long as the others are missing, with one alarm', async () => {
    confirm(SAMPLE);
    lose(...Array.from({ length: 8 }, (_, i) => `u${4 * i}`));
    for (let minute = 0; minute < 60; minute++) {
      expect([await judge('u0'), await judge('u4')]).toEqual(['deferred', 'deferred']);
      now += 60_000;
    }
    expect(told).toEqual(['cyrus: 8 vanished']);
    gone.clear();
    lose('u0');
    expect(await judge('u0')).toBe('unknown');
    expect(told).toEqual(['cyrus: 8 vanished', 'cyrus: back']);
  });

  test('alarm also where Cyrus cannot be asked about the rest, and alarm again when they vanish again', async () => {
    confirm(5);
    lose('u0', 'u1', 'u2', 'u3');
    gone.set('u4', deferred('no answer'));
    expect(await judge('u0')).toBe('deferred');
    expect(told).toEqual(['cyrus: 4 vanished']);
    gone.clear();
    now += 60_000;
    expect(await judge('u0')).toBe('unknown');
    lose('u1', 'u2', 'u3');
    expect(await judge('u1')).toBe('deferred');
    expect(told).toEqual(['cyrus: 4 vanished', 'cyrus: back', 'cyrus: 3 vanished']);
  });

  test('are asked about again after five seconds, not before', async () => {
    confirm(SAMPLE);
    lose('u0', 'u1', 'u2', 'u3');
    await judge('u0');
    const { length } = asked;
    now += 4_999;
    await judge('u0');
    expect(asked).toHaveLength(length);
    now += 1;
    await judge('u0');
    expect(asked).toHaveLength(2 * length);
  });

  test('and are two besides, or one, are unknown after just half a minute; three are not', async () => {
    for (const [others, later] of [
      [['u1'], 'unknown'],
      [['u1', 'u2'], 'unknown'],
      [['u1', 'u2', 'u3'], 'deferred'],
    ] as const) {
      vanished = new Vanished('cyrus', { vanished: () => undefined, back: () => undefined }, () => now);
      confirm(SAMPLE);
      gone.clear();
      lose('u0', ...others);
      expect(await judge('u0')).toBe('deferred');
      now += 29_999;
      expect(await judge('u0')).toBe('deferred');
      now += 5_001;
      expect(await judge('u0')).toBe(later);
    }
  });

  test('and are few are believed at half a minute, to the millisecond', async () => {
    confirm(SAMPLE);
    lose('u0', 'u1');
    await judge('u0');
    now += 30_000;
    expect(await judge('u0')).toBe('unknown');
  });

  test('and are many of those that we know are not believed', async () => {
    confirm(5);
    lose('u0', 'u1', 'u2');
    await judge('u0');
    now += 60_000;
    expect(await judge('u0')).toBe('deferred');
  });

  test('and are half as many as are there, are believed', async () => {
    confirm(7);
    lose('u0', 'u1', 'u2');
    await judge('u0');
    now += 60_000;
    expect(await judge('u0')).toBe('unknown');
  });

  test('are not asked about again for each question', async () => {
    confirm(SAMPLE);
    lose('u0', 'u1', 'u2', 'u3');
    await judge('u0');
    const { length } = asked;
    expect([await judge('u1'), await judge('u2')]).toEqual(['deferred', 'deferred']);
    expect(asked).toHaveLength(length);
  });

  test('and are few, as where they were deleted one after the other, are unknown after half a minute', async () => {
    confirm(SAMPLE);
    lose('u0', 'u1');
    expect(await judge('u0')).toBe('deferred');
    now += 29_000;
    expect(await judge('u0')).toBe('deferred');
    now += 6_000;
    expect(await judge('u0')).toBe('unknown');
    expect(await judge('u1')).toBe('unknown');
    expect(told).toEqual(['cyrus: 2 vanished', 'cyrus: back']);
  });
});

describe('the sample', () => {
  test('has a limit, and one that is confirmed a thousand times a place', async () => {
    confirm(600);
    const often = recipient('often');
    for (let i = 0; i < 1000; i++) vanished.confirmed(often);
    await judge('other');
    expect(asked).toHaveLength(SAMPLE);
    expect(new Set(asked).size).toBe(SAMPLE);
  });

  test('stays old: of those that come later only one in sixteen takes a place', async () => {
    confirm(SAMPLE + 15);
    await judge('other');
    expect(asked).toEqual(Array.from({ length: SAMPLE }, (_, i) => `u${i}`));
  });

  test('is quite another one after hundreds', async () => {
    confirm(600);
    await judge('other');
    expect(Math.min(...asked.map((name) => Number(name.slice(1))))).toBeGreaterThanOrEqual(SAMPLE);
  });
});
