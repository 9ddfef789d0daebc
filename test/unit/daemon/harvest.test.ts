import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Harvest, harvestAlarm, type HarvestEnd } from '../../../src/daemon/harvest.js';
import { recordingLog } from '../recording-log.js';

const WINDOW_MS = 10_000;

let now: number;
let told: string[];
let rates: [number, number][];
let ends: HarvestEnd[];
let harvest: Harvest;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  now = 0;
  told = [];
  rates = [];
  ends = [];
  const alarm = {
    begun: (domain: string | undefined, perSecond: number, usual: number) => {
      told.push(`begun ${domain ?? '*'}`);
      rates.push([perSecond, usual]);
    },
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

/** Windows without an attack, for which no timer is set. */
function usually(count: number, perSecond: number): void {
  for (let i = 0; i < count; i++) {
    for (let n = 0; n < (perSecond * WINDOW_MS) / 1000; n++) harvest.unknown('u@example.jp', 'negative');
    now += WINDOW_MS;
  }
}

test('each unknown recipient counts for its own domain, whoever came before', async () => {
  const keys = ['a@example.jp', 'a@sub.example.jp', 'a@EXAMPLE.jp', 'a@@', 'example.jp', 'a@example.org'];
  for (let n = 0; n < 40; n++) for (const key of keys) harvest.unknown(key, 'negative');
  harvest.unknown('a@example.net', 'negative');
  now += WINDOW_MS;
  harvest.unknown('a@example.org', 'negative');
  expect(told).toEqual(['begun *', 'begun example.jp']);
  expect(rates[1]?.[0]).toBe(12);
});

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

test('an attack begins at the rate that is configured, and not below it', async () => {
  await windows(2, 4.9);
  expect(told).toEqual([]);
  await windows(1, 5);
  harvest.unknown('u@example.jp', 'rule');
  expect(told).toEqual(['begun *', 'begun example.jp']);
});

test('what is usual is learned: where there is much of it, an attack is five times as much', async () => {
  usually(3 * 360, 4);
  await windows(2, 18);
  expect(told).toEqual([]);
  await windows(1, 21);
  harvest.unknown('u@example.jp', 'rule');
  expect(told).toEqual(['begun *', 'begun example.jp']);
  const [[perSecond, usual] = [0, 0]] = rates;
  expect(perSecond).toBe(21);
  // What is learned in three hours, and a little of the two windows after them.
  expect(usual).toBeGreaterThan(3.75);
  expect(usual).toBeLessThan(3.95);
});

test('what is usual is forgotten as slowly, and a long silence counts as many windows', async () => {
  usually(3 * 360, 4);
  // One window after an hour of silence: about a third of it is left.
  now += 360 * WINDOW_MS;
  harvest.unknown('u@example.jp', 'rule');
  now += WINDOW_MS;
  for (let i = 0; i < 300; i++) harvest.unknown('u@example.jp', 'rule');
  now += WINDOW_MS;
  harvest.unknown('u@example.jp', 'rule');
  const [[, usual] = [0, 0]] = rates;
  expect(usual).toBeLessThan(0.5);
});

test('an attack is over after three windows with less than half of what it began at', async () => {
  await windows(2, 20);
  // Half of the five at which an attack begins is not less than half.
  await windows(6, 2.5);
  expect(told).toHaveLength(2);
  await windows(3, 2.4);
  expect(told.slice(2)).toEqual(['ended *', 'ended example.jp']);
});

test('the end tells how long it was, from the window in which it began', async () => {
  now = 1_000_000;
  await windows(1, 0);
  harvest.unknown('u@example.jp', 'rule');
  await windows(4, 20);
  await windows(3, 0);
  expect(ends[0]?.seconds).toBe(70);
});

test('an attack of which nothing more came ends without a share', () => {
  for (let i = 0; i < 60; i++) harvest.unknown('u@example.jp', 'rule');
  now += WINDOW_MS;
  harvest.unknown('u@example.jp', 'rule');
  harvest.end();
  expect(ends).toMatchObject([{ asked: 0 }, { asked: 0 }]);
});

test('new rules leave those that are watched still as they are, and forget the others', async () => {
  await windows(2, 20);
  harvest.watch(new Set(['example.jp']), 5);
  expect(harvest.active).toEqual([undefined, 'example.jp']);
  harvest.watch(new Set(['example.net']), 5);
  expect(harvest.active).toEqual([undefined]);
});

test('a domain that is not watched is no domain of an attack', async () => {
  await windows(2, 20, 'elsewhere.test');
  expect(harvest.active).toEqual([undefined]);
});

test('the log has a line when it begins and one when it ends, with rates of three digits', () => {
  const { log, lines } = recordingLog();
  const alarm = harvestAlarm(log);
  alarm.begun('example.jp', 21.00049, 4.1236);
  alarm.ended({ domain: undefined, seconds: 69.6, unknown: 800, asked: 0.24999 });
  expect(lines).toMatchObject([
    { domain: 'example.jp', perSecond: 21, usual: 4.124 },
    { seconds: 70, unknown: 800, asked: 0.25 },
  ]);
});
