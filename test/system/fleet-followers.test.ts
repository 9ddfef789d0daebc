// How many followers one stream carries: so many in this process, on a real Valkey of Debian, while changes come faster and faster.
// The test holds that all of them forget in time; its figures are in docs/several-machines.md.
//
// FLEET_FOLLOWERS: 30 by default, with `npm run test:fleet` 200.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Following } from '../../src/fleet/follow.js';
import { Publisher } from '../../src/fleet/publisher.js';
import type { ValkeyAccess } from '../../src/fleet/connection.js';
import { followerStore, publisherStore } from '../../src/fleet/valkey.js';
import { silentLog } from '../../src/log/log.js';
import { EventsProof } from '../../src/validation/events-proof.js';
import { SECRET, ValkeyContainer } from '../containers/valkey.js';

const FOLLOWERS = Number(process.env['FLEET_FOLLOWERS'] ?? 30);
const LEASE_MS = 1_000;
const STREAM = 'cyrus';
/** Changes a second. */
const RATES = [2, 10, 50, 200];
const SECONDS = 4;

let valkey: ValkeyContainer;
let publisher: Publisher;
const followers: { readonly following: Following; forgotten: string }[] = [];
const now = () => performance.now();
const rules = () => '0123456789abcdef';

beforeAll(async () => {
  valkey = await ValkeyContainer.start();
  publisher = new Publisher({
    stream: STREAM,
    store: publisherStore(accessOf('cyrusmapd-publish'), STREAM, LEASE_MS, 100_000),
    leaseMs: LEASE_MS,
    exact: true,
    since: performance.now(),
    proof: () => proof,
    rules,
    now,
    newInstance: () => randomBytes(8).toString('hex'),
    log: silentLog,
  });
  for (let i = 0; i < FOLLOWERS; i++) followers.push(follower(String(i)));
}, 60_000);

afterAll(async () => {
  for (const { following } of followers) following.close();
  publisher?.close();
  await valkey?.stop();
});

const proof = new EventsProof();

function accessOf(user: string): ValkeyAccess {
  return { host: '127.0.0.1', port: valkey.port, user, password: SECRET, tls: undefined };
}

function follower(id: string): (typeof followers)[number] {
  const access = accessOf('cyrusmapd-follow');
  const made = {
    forgotten: '',
    following: new Following({
      stream: STREAM,
      store: followerStore(access, STREAM, LEASE_MS, id),
      effects: { forget: (mailbox) => (made.forgotten = mailbox), forgetAll: () => undefined },
      rules,
      knownTtlMs: () => 60_000,
      now,
      wall: Date.now,
      log: silentLog,
    }),
  };
  return made;
}

/** By how much this process, with all of them in it, was late at worst: whoever waits here waits for that as well. */
const lag = { worstMs: 0 };
function watchLag(everyMs = 20): NodeJS.Timeout {
  let due = now() + everyMs;
  return setInterval(() => {
    lag.worstMs = Math.max(lag.worstMs, now() - due);
    due = now() + everyMs;
  }, everyMs);
}

/** @returns how long Cyrus would have waited for each, and how many followers had not forgotten then while they believed */
async function changes(perSecond: number): Promise<{ waitedMs: number[]; stale: number; seconds: number }> {
  const waitedMs: number[] = [];
  let stale = 0;
  const waits: Promise<void>[] = [];
  const begun = now();
  for (let i = 0; i < perSecond * SECONDS; i++) {
    const mailbox = `${perSecond}-${i}`;
    const at = now();
    const held = publisher.changed([mailbox], true) ?? Promise.resolve();
    waits.push(
      held.then(() => {
        waitedMs.push(now() - at);
        const late = followers.filter(
          ({ following, forgotten }) => following.state.lease && !isAfter(forgotten, perSecond, i),
        );
        stale += late.length;
      }),
    );
    await pause(Math.max(0, begun + ((i + 1) * 1_000) / perSecond - now()));
  }
  await Promise.all(waits);
  return { waitedMs: waitedMs.sort((a, b) => a - b), stale, seconds: (now() - begun) / 1_000 };
}

/** They come in order. */
function isAfter(forgotten: string, perSecond: number, i: number): boolean {
  const [rate, number] = forgotten.split('-').map(Number);
  return rate === perSecond && (number ?? -1) >= i;
}

test(`${FOLLOWERS} followers forget before the OK, whatever the number of changes`, async () => {
  const until = now() + 20_000;
  while (followers.some(({ following }) => !following.state.lease) && now() < until) await pause(100);
  expect(followers.filter(({ following }) => !following.state.lease)).toEqual([]);
  await pause(LEASE_MS);
  const idle = await load();
  const watching = watchLag();
  const figures = [`idle: ${idle}`];
  for (const rate of RATES) {
    const { waitedMs, stale, seconds } = await changes(rate);
    expect(stale).toBe(0);
    expect(waitedMs.at(-1)).toBeLessThan(LEASE_MS + 100 + lag.worstMs);
    const at = (share: number) => waitedMs[Math.floor(share * (waitedMs.length - 1))]?.toFixed(1);
    const done = (waitedMs.length / seconds).toFixed(0);
    const leases = followers.filter(({ following }) => following.state.lease).length;
    figures.push(
      `${rate}/s: ${done}/s done, OK after ${at(0.5)} ms, p99 ${at(0.99)}, longest ${at(1)}; ${leases} leases`,
    );
  }
  clearInterval(watching);
  figures.push(`this process was late by ${lag.worstMs.toFixed(0)} ms at worst`);
  figures.push(`afterwards: ${await load()}`);
  console.log(`${FOLLOWERS} followers\n${figures.join('\n')}`);
}, 120_000);

async function load(): Promise<string> {
  const read = async () =>
    Number(/total_commands_processed:(\d+)/.exec(await valkey.cli('info', 'stats'))?.[1]);
  const first = await read();
  const at = now();
  await pause(2_000);
  const perSecond = ((await read()) - first) / ((now() - at) / 1_000);
  const memory = /used_memory:(\d+)/.exec(await valkey.cli('info', 'memory'))?.[1];
  return `${perSecond.toFixed(0)} commands/s, ${(Number(memory) / 1e6).toFixed(1)} MB in Valkey`;
}
