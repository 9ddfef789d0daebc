import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HostNames, SILENT_AFTER_MS, type Addresses } from '../../../../src/cyrus/wire/host-names.js';

const FIRST: Addresses = [{ address: '192.0.2.1', family: 4 }];
const SECOND: Addresses = [{ address: '192.0.2.2', family: 4 }];

type Question = { readonly host: string; answer(addresses: Addresses): void; fail(code: string): void };

let questions: Question[];
let names: HostNames;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  questions = [];
  names = new HostNames(
    (host) =>
      new Promise((answer, reject) => {
        questions.push({
          host,
          answer,
          fail: (code) => reject(Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code })),
        });
      }),
  );
});

afterEach(() => {
  vi.useRealTimers();
});

/** Those that are asked of the resolver and not answered yet, in the order in which they came to it. */
function asked(): string[] {
  return questions.map(({ host }) => host);
}

async function answered(addresses: Addresses): Promise<void> {
  questions.shift()?.answer(addresses);
  await vi.advanceTimersByTimeAsync(0);
}

async function failed(code: string): Promise<void> {
  questions.shift()?.fail(code);
  await vi.advanceTimersByTimeAsync(0);
}

/** It has been silent for so long that it is known. */
async function silence(): Promise<void> {
  await vi.advanceTimersByTimeAsync(SILENT_AFTER_MS);
}

async function known(host: string): Promise<void> {
  const found = names.addressesOf(host);
  await answered(FIRST);
  expect(await found).toEqual(FIRST);
}

describe('a name', () => {
  test('is asked about once at a time, whoever waits', async () => {
    const both = Promise.all([names.addressesOf('a'), names.addressesOf('a')]);
    expect(asked()).toEqual(['a']);
    await answered(FIRST);
    expect(await both).toEqual([FIRST, FIRST]);
    await known('a');
  });

  test('has its last addresses while the resolver is silent, at once where that is known', async () => {
    await known('a');
    const found = names.addressesOf('a');
    await silence();
    expect(await found).toEqual(FIRST);
    expect(await names.addressesOf('a')).toEqual(FIRST);
    expect(asked()).toEqual(['a']);
    await answered(SECOND);
    expect(await Promise.all([names.addressesOf('a'), answered(SECOND)])).toEqual([SECOND, undefined]);
  });

  test('has its last addresses where the resolver cannot tell, and none where it is gone', async () => {
    await known('a');
    const found = names.addressesOf('a');
    await failed('EAI_AGAIN');
    expect(await found).toEqual(FIRST);
    const gone = expect(names.addressesOf('a')).rejects.toThrow('ENOTFOUND');
    await failed('ENOTFOUND');
    await gone;
    const again = expect(names.addressesOf('a')).rejects.toThrow('EAI_AGAIN');
    await failed('EAI_AGAIN');
    await again;
  });
});

describe('names whose resolver is silent', () => {
  test('hold one thread from then on, so that another one is for the rest', async () => {
    const dead = ['d1', 'd2', 'd3'];
    const first = Promise.allSettled(dead.map((host) => names.addressesOf(host)));
    await silence();
    for (const _ of dead) await failed('EAI_AGAIN');
    expect((await first).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    const second = Promise.allSettled(dead.map((host) => names.addressesOf(host)));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked()).toEqual(['d1']);
    const good = names.addressesOf('good');
    expect(asked()).toEqual(['d1', 'good']);
    questions.pop()?.answer(SECOND);
    expect(await good).toEqual(SECOND);
    for (const host of dead) {
      expect(asked()).toEqual([host]);
      await failed('EAI_AGAIN');
    }
    expect((await second).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    // What failed at once is not silent any more.
    void Promise.allSettled(dead.map((host) => names.addressesOf(host)));
    expect(asked()).toEqual(dead);
  });
});

describe('connect()', () => {
  test.each([
    [{ all: true }, [null, FIRST]],
    [{}, [null, '192.0.2.1', 4]],
  ])('is told as it asks, with %j', async (options, expected) => {
    const told = new Promise((resolve) => names.lookup('a', options, (...all) => resolve(all)));
    await answered(FIRST);
    expect(await told).toEqual(expected);
  });

  test('is told why not', async () => {
    const told = new Promise((resolve) => names.lookup('a', {}, (error) => resolve(error?.message)));
    await failed('ENOTFOUND');
    expect(await told).toBe('getaddrinfo ENOTFOUND a');
  });
});
