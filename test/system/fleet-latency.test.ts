// What a fleet costs who changes mailboxes: two daemons beside one Cyrus, of which one publishes to three healthy followers, hear of
// its changes in turn, command by command. Letters are delivered meanwhile.
//
// FLEET_PAIRS: how often the five commands are given with and without, 10 by default; with `npm run test:fleet` 150.
// FLEET_LATER_MS: by what the OK may be later at the 99th percentile, where the machine does nothing else: 5.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Letters } from './fleet/letters.js';
import { FleetRig, FOLLOWERS, REMEMBERING } from './fleet/rig.js';

const PAIRS = Number(process.env['FLEET_PAIRS'] ?? 10);
/** Where other tests run as well each process waits for its turn, and a 99th percentile says nothing. */
const BUSY_MS = 100;
const LATER_MS = Number(process.env['FLEET_LATER_MS'] ?? Infinity);
const ARMS = ['with', 'without'] as const;

let rig: FleetRig;

beforeAll(async () => {
  rig = await FleetRig.start(['one']);
  const way = { url: rig.valkey.url };
  for (const server of rig.servers) {
    await rig.startPublisher(server, undefined, 'without');
    await rig.startPublisher(server, way, 'with');
  }
  for (const name of FOLLOWERS) await rig.startFollower(name, way, REMEMBERING);
}, 180_000);
afterAll(() => rig?.stop());

/** Of sorted figures. */
const share = (ms: readonly number[], part: number) => ms[Math.ceil(part * ms.length) - 1] ?? 0;

function shown(ms: readonly number[]): string {
  return [0.5, 0.9, 0.99, 1].map((part) => share(ms, part).toFixed(1)).join(' / ');
}

test(
  'with healthy followers the OK comes a few milliseconds later, and a letter does not',
  async () => {
    const [server] = rig.servers;
    if (server === undefined) throw new Error('no server');
    const { admin } = server;
    await rig.leases();
    const waited = { with: [] as number[], without: [] as number[] };
    let arm: (typeof ARMS)[number] = 'with';
    const timed = async (command: Promise<unknown>): Promise<void> => {
      const from = performance.now();
      await command;
      waited[arm].push(performance.now() - from);
    };
    const letters = { with: [] as number[], without: [] as number[] };
    const session = await Letters.open(server.cyrus, 'letters@one.jp');
    rig.afterwards(() => session.close());
    for (let i = 0; i < PAIRS; i++) {
      // Whichever is second would always find Cyrus as the first one has left it.
      for (arm of i % 2 === 0 ? ARMS : [...ARMS].reverse()) {
        await rig.hear(server, arm);
        const name = `user/${arm}${i}@one.jp`;
        await timed(admin.create(name));
        await timed(admin.setacl(name, 'cyrus', 'lrswipkxtecda'));
        await timed(admin.rename(name, `user/r${arm}${i}@one.jp`));
        await timed(admin.setacl(`user/r${arm}${i}@one.jp`, 'anyone', 'lrsp'));
        await timed(admin.remove(`user/r${arm}${i}@one.jp`));
        for (let letter = 0; letter < 3; letter++) {
          const { from, to } = await session.send();
          letters[arm].push(to - from);
        }
      }
    }
    for (const each of [waited, letters]) for (const name of ARMS) each[name].sort((a, b) => a - b);
    for (const name of ARMS)
      console.log(
        `${name} fleet, median / p90 / p99 / longest: OK of ${waited[name].length} commands ${shown(waited[name])} ms, ` +
          `${letters[name].length} letters ${shown(letters[name])} ms`,
      );
    const later = (ms: typeof waited, part: number) => share(ms.with, part) - share(ms.without, part);
    expect(later(waited, 0.5)).toBeLessThan(BUSY_MS);
    expect(later(letters, 0.5)).toBeLessThan(BUSY_MS);
    expect(later(waited, 0.99)).toBeLessThan(LATER_MS);
    expect(later(letters, 0.99)).toBeLessThan(LATER_MS);
    for (const name of FOLLOWERS)
      expect((await rig.counters(name)).fleet.following.map(({ lease }) => lease)).toEqual([true]);
  },
  60_000 + PAIRS * 2_000,
);
