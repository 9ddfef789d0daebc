import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Harvest, type HarvestEnd } from '../../../src/daemon/harvest.js';

const WINDOW_MS = 10_000;

let now: number;
let told: string[];
let ends: HarvestEnd[];
let harvest: Harvest;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  now = 0;
  told = [];
  ends = [];
  const alarm = {
    begun: (domain: string | undefined) => told.push(`begun ${domain ?? '*'}`),
    ended: (end: HarvestEnd) => {
      told.push(`ended ${end.domain ?? '*'}`);
      ends.push(end);
    },
  };
  harvest = new Harvest(new Set(['example.jp', 'example.net']), 5, alarm, () => now);
});

afterEach(() => {
  harvest.end();
  vi.useRealTimers();
});

/** Windows with so many unknown recipients a second each, of which every fourth is asked about. */
async function windows(count: number, perSecond: number, domain = 'example.jp'): Promise<void> {
  for (let i = 0; i < count; i++) {
    for (let n = 0; n < (perSecond * WINDOW_MS) / 1000; n++) {
      harvest.unknown(`u${n}@${domain}`, n % 4 === 0 ? 'probe' : 'negative');
    }
    now += WINDOW_MS;
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
  }
}

test('an attack is told once when it begins and once when it ends, by domain and in all', async () => {
  await windows(1, 20);
  await windows(3, 20, 'EXAMPLE.JP');
  expect(told).toEqual(['begun *', 'begun example.jp']);
  expect(harvest.active).toEqual([undefined, 'example.jp']);
  expect(harvest.begun).toBe(2);
  await windows(3, 0);
  expect(told.slice(2)).toEqual(['ended *', 'ended example.jp']);
  expect(harvest.active).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('the end tells how many there were, and the share that reached Cyrus', async () => {
  await windows(4, 20);
  await windows(3, 0);
  expect(ends[0]).toMatchObject({ domain: undefined, unknown: 800, asked: 0.25 });
});

test('what is usual is no attack', async () => {
  await windows(50, 4);
  expect(told).toEqual([]);
});

test('a stranger cannot make domains that are watched', async () => {
  for (let i = 0; i < 300; i++) harvest.unknown(`u@d${i}.example`, 'routing');
  now += WINDOW_MS;
  harvest.unknown('u@d.example', 'routing');
  expect(told).toEqual(['begun *']);
});

test('a short pause ends nothing', async () => {
  await windows(2, 20);
  await windows(2, 0);
  await windows(1, 20);
  await windows(2, 0);
  expect(told).toEqual(['begun *', 'begun example.jp']);
});

test('the end of the daemon ends it', async () => {
  await windows(2, 20);
  harvest.end();
  expect(told.slice(2)).toEqual(['ended *', 'ended example.jp']);
});
