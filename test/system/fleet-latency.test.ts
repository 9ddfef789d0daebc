// What a fleet costs who changes mailboxes: two daemons beside one Cyrus, of which one publishes to three healthy followers, hear of
// its changes in turn, command by command. Letters are delivered meanwhile.
//
// FLEET_PAIRS: how often the five commands are given with and without, 10 by default; with `npm run test:fleet` 150.
// FLEET_LATER_MS: by what the OK may be later, at the median and at the 99th percentile of all commands, where the machine does nothing
// else: 5. Cyrus keeps everything in memory here, since the time of a disk would be spread over more than that.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventGate } from './fleet/event-gate.js';
import { Letters } from './fleet/letters.js';
import { FleetRig, FOLLOWERS, REMEMBERING } from './fleet/rig.js';

const PAIRS = Number(process.env['FLEET_PAIRS'] ?? 10);
/** Where other tests run as well each process waits for its turn, and a 99th percentile says nothing. */
const BUSY_MS = 100;
const LATER_MS = Number(process.env['FLEET_LATER_MS'] ?? Infinity);
const ARMS = ['with', 'without'] as const;

/** In the order in which they are given. */
const COMMANDS = ['CREATE', 'SETACL', 'RENAME', 'SETACL again', 'DELETE'] as const;

/** For these Cyrus waits until all followers have forgotten. */
const WAITING = ['MailboxCreate', 'MailboxRename', 'MailboxDelete'] as const;

let rig: FleetRig;

beforeAll(async () => {
  rig = await FleetRig.start(['one'], { inMemory: true });
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
  // Median, p90, p99 and the longest.
  return [0.5, 0.9, 0.99, 1].map((part) => share(ms, part).toFixed(1)).join(' / ');
}

test(
  'with healthy followers the OK comes a few milliseconds later, and a letter does not',
  async () => {
    const [server] = rig.servers;
    if (server === undefined) throw new Error('no server');
    const { admin } = server;
    await rig.leases();
    const gates = new Map<string, EventGate>();
    for (const name of ARMS) {
      const gate = await EventGate.open(server, name);
      gates.set(name, gate);
      rig.afterwards(() => gate.close());
    }
    const arms = () => ({ with: [] as number[], without: [] as number[] });
    const waited = COMMANDS.map((command) => ({ command, ...arms() }));
    const letters = arms();
    let arm: (typeof ARMS)[number] = 'with';
    const session = await Letters.open(server.cyrus, 'letters@one.jp');
    rig.afterwards(() => session.close());
    for (let i = 0; i < PAIRS; i++) {
      // Whichever is second would always find Cyrus as the first one has left it.
      for (arm of i % 2 === 0 ? ARMS : [...ARMS].reverse()) {
        await rig.hear(server, `${arm}-gate`);
        const name = `user/${arm}${i}@one.jp`;
        const other = `user/r${arm}${i}@one.jp`;
        const commands = [
          () => admin.create(name),
          () => admin.setacl(name, 'cyrus', 'lrswipkxtecda'),
          () => admin.rename(name, other),
          () => admin.setacl(other, 'anyone', 'lrsp'),
          () => admin.remove(other),
        ];
        for (const [nth, command] of commands.entries()) {
          const from = performance.now();
          await command();
          waited[nth]?.[arm].push(performance.now() - from);
        }
        for (let letter = 0; letter < 3; letter++) {
          const { from, to } = await session.send();
          letters[arm].push(to - from);
        }
      }
    }
    const all = { command: 'all commands' };
    const rows = [
      ...waited,
      { ...all, with: waited.flatMap((each) => each.with), without: waited.flatMap((each) => each.without) },
      { command: 'a letter', ...letters },
    ];
    for (const name of ARMS)
      for (const [event, ms] of gates.get(name)?.answeredMs ?? [])
        rows.push({ command: `${event}, from event to answer`, ...arms(), [name]: ms });
    for (const row of rows) for (const name of ARMS) row[name].sort((x, y) => x - y);
    for (const { command, ...row } of rows)
      for (const name of ARMS)
        if (row[name].length > 0)
          console.log(`${command}, ${name} fleet, ${row[name].length} of them: ${shown(row[name])} ms`);
    const later = (row: ReturnType<typeof arms>, part: number) =>
      share(row.with, part) - share(row.without, part);
    for (const row of rows.slice(0, COMMANDS.length + 2)) {
      expect(later(row, 0.5)).toBeLessThan(BUSY_MS);
      expect(later(row, 0.5)).toBeLessThan(LATER_MS);
    }
    const [everyCommand] = rows.slice(COMMANDS.length);
    if (everyCommand === undefined) throw new Error('no commands');
    console.log(`all commands, 99th percentile: ${later(everyCommand, 0.99).toFixed(1)} ms later`);
    expect(later(everyCommand, 0.99)).toBeLessThan(LATER_MS);
    // The way through the gate, and what a daemon without a fleet takes, is in both.
    const held = arms();
    for (const name of ARMS) {
      held[name] = WAITING.flatMap((event) => gates.get(name)?.answeredMs.get(event) ?? []);
      held[name].sort((x, y) => x - y);
      expect(held[name].length).toBeGreaterThanOrEqual(3 * PAIRS);
    }
    console.log(`from event to answer, 99th percentile: ${later(held, 0.99).toFixed(1)} ms later`);
    expect(later(held, 0.99)).toBeLessThan(LATER_MS);
    for (const name of FOLLOWERS)
      expect((await rig.counters(name)).fleet.following.map(({ lease }) => lease)).toEqual([true]);
  },
  60_000 + PAIRS * 2_000,
);
