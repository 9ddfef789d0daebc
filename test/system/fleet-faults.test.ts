// Two real Cyrus servers with a publisher beside each, three daemons that follow both, and Valkey of Debian, each daemon in a network
// of its own: while packets are dropped, connections reset and slow, Valkey is stopped, killed and emptied, publishers and followers
// stopped and killed, in an order drawn by chance, nobody who exists is unknown, no administrator waits for longer than a lease, and
// letters are delivered as ever.
//
// FLEET_FAULTS: how many, 13 by default, each kind once; with `npm run test:fleet` 130. FLEET_SEED: another order.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OwnNetwork, type Way as Direction } from '../containers/own-network.js';
import { Link } from '../containers/valkey.js';
import { randomOf, ServerChanges, type Waited } from './fleet/changes.js';
import { Letters } from './fleet/letters.js';
import { FleetRig, FOLLOWERS, LEASE_MS, REMEMBERING, type Server, type Way } from './fleet/rig.js';

const FAULTS = Number(process.env['FLEET_FAULTS'] ?? 13);
const SEED = Number(process.env['FLEET_SEED'] ?? 5);
/** By how much a letter may be later, and leases begin later, on a machine that does other things as well. */
const BUSY_MS = Number(process.env['FLEET_BUSY_MS'] ?? 1_500);
/** Between two questions of one who asks all the time, so that the machine is not full of them. */
const ASK_PAUSE_MS = 3;
const LETTER_PAUSE_MS = 30;

let rig: FleetRig;
const networks = new Map<string, OwnNetwork>();
const links = new Map<string, Link>();
/** How each reaches Valkey: some by a proxy, which can be slow (these kernels have no netem). */
const ways = new Map<string, Way>();
/** Those that remember a "no": they may deny who was made right after the daemon beside Cyrus was killed. */
const DENYING: ReadonlySet<string> = new Set(['mx1', 'mx2']);
const BY_PROXY: ReadonlySet<string> = new Set(['two', 'mx3']);

beforeAll(async () => {
  rig = await FleetRig.start(['one', 'two']);
  for (const name of [...FOLLOWERS, 'one', 'two']) {
    const network = await OwnNetwork.open(rig.valkey.address);
    networks.set(name, network);
    rig.afterwards(() => network.close());
    const link = BY_PROXY.has(name) ? await Link.open(rig.valkey, network.host) : undefined;
    if (link !== undefined) {
      links.set(name, link);
      rig.afterwards(() => link.close());
    }
    ways.set(name, { url: link?.url ?? rig.valkey.url, within: network.within });
  }
  // Nothing is published at first, for what letters take then.
  for (const server of rig.servers) await rig.startPublisher(server, undefined, 'alone');
  for (const name of FOLLOWERS)
    await rig.startFollower(name, wayOf(name), DENYING.has(name) ? REMEMBERING : '');
}, 180_000);
afterAll(() => rig?.stop());

const wayOf = (name: string): Way => ways.get(name) ?? { url: rig.valkey.url };
const networkOf = (name: string) => networks.get(name);

/** While a publisher stands still nobody can answer Cyrus in its place; when it is killed, nobody tells. */
const standing: { readonly server: string; readonly from: number; readonly to: number }[] = [];
const killed: { readonly server: string; readonly at: number }[] = [];

type Fault = { readonly name: string; readonly happen: () => Promise<void> };

function faultsOf(random: (below: number) => number): () => Fault {
  const any = <Item>(items: readonly Item[]): Item => {
    const item = items[random(items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  };
  const anybody = () => any([...networks.keys()]);
  const server = (): Server => any(rig.servers);
  const lasting = () => pause(200 + random(1_300));
  const on = (kind: string, begin: (name: string) => Promise<void> | undefined) => (): Fault => {
    const name = anybody();
    return {
      name: `${kind} ${name}`,
      happen: async () => {
        await begin(name);
        await lasting();
      },
    };
  };
  const drop = (way: Direction) => on(`drop ${way}`, (name) => networkOf(name)?.drop(way));
  const slow = (ms: number) => (): Fault => ({
    name: `slow ${ms} ms`,
    happen: async () => {
      for (const link of links.values()) link.slow(ms);
      await lasting();
    },
  });
  const kinds: readonly (() => Fault)[] = [
    drop('both'),
    drop('out'),
    drop('in'),
    on('reset', (name) => networkOf(name)?.reset()),
    slow(5),
    slow(50),
    () => ({ name: 'Valkey emptied', happen: async () => void (await rig.valkey.cli('flushall')) }),
    () => ({
      name: 'Valkey stopped',
      happen: async () => {
        await rig.valkey.signal('STOP');
        await lasting();
        await rig.valkey.signal('CONT');
      },
    }),
    () => ({ name: 'Valkey killed', happen: () => rig.valkey.restart() }),
    () => {
      const name = any(FOLLOWERS);
      return {
        name: `stop ${name}`,
        happen: async () => {
          rig.daemon(name).kill('SIGSTOP');
          await lasting();
          rig.daemon(name).kill('SIGCONT');
        },
      };
    },
    () => {
      const { name } = server();
      return {
        name: `stop ${name}`,
        happen: async () => {
          const from = performance.now();
          rig.daemon(name).kill('SIGSTOP');
          await lasting();
          rig.daemon(name).kill('SIGCONT');
          standing.push({ server: name, from, to: performance.now() });
        },
      };
    },
    () => {
      const each = server();
      return {
        name: `kill ${each.name}`,
        happen: async () => {
          killed.push({ server: each.name, at: performance.now() });
          rig.daemon(each.name).kill('SIGKILL');
          await lasting();
          await rig.startPublisher(each, wayOf(each.name));
        },
      };
    },
    () => {
      const each = server();
      return {
        name: `restart ${each.name}`,
        happen: async () => void (await rig.startPublisher(each, wayOf(each.name))),
      };
    },
  ];
  let bag: (() => Fault)[] = [];
  // Each kind once before any comes again.
  return () => {
    if (bag.length === 0) bag = [...kinds];
    const [kind] = bag.splice(random(bag.length), 1);
    if (kind === undefined) throw new Error('no fault');
    return kind();
  };
}

async function heal(): Promise<void> {
  for (const link of links.values()) link.heal();
  for (const network of networks.values()) await network.heal();
}

type Seen = { readonly changes: ServerChanges; readonly letters: readonly Waited[]; readonly server: string };

/** Changes, questions and letters, until `happens` is over. */
async function during(happens: () => Promise<void>, seed: number): Promise<readonly Seen[]> {
  const made = await Promise.all(
    rig.servers.map(
      async ({ admin, name }, i) =>
        new ServerChanges(admin, await rig.asking(), randomOf(seed + i), `${name}.jp`, LEASE_MS),
    ),
  );
  const names = made.flatMap((each) => each.names);
  let going = true;
  const until = async (act: () => Promise<unknown>, pauseMs: number): Promise<void> => {
    while (going) {
      await act();
      await pause(pauseMs);
    }
  };
  const asking = FOLLOWERS.map(async (name, i) => {
    const client = await rig.connect(name);
    let asked = i;
    await until(() => client.lookup('cyrus', names[asked++ % names.length] ?? ''), ASK_PAUSE_MS);
  });
  const posting = rig.servers.map(async ({ cyrus, name }) => {
    const session = await Letters.open(cyrus, `letters@${name}.jp`);
    const sent: Waited[] = [];
    await until(async () => void sent.push(await session.send()), LETTER_PAUSE_MS);
    session.close();
    return sent;
  });
  const changing = made.map((each) => until(() => each.change(), 0));
  await happens().finally(() => (going = false));
  await Promise.all([...asking, ...changing]);
  const letters = await Promise.all(posting);
  for (const each of made) await each.end();
  return made.map((changes, i) => ({
    changes,
    letters: letters[i] ?? [],
    server: rig.servers[i]?.name ?? '',
  }));
}

/** Without the time for which the daemon beside Cyrus was stopped. */
function held({ from, to }: Waited, server: string): number {
  const still = standing
    .filter((each) => each.server === server)
    .map((each) => Math.max(0, Math.min(to, each.to) - Math.max(from, each.from)));
  return to - from - still.reduce((sum, ms) => sum + ms, 0);
}

/** Right after the daemon beside Cyrus was killed there was none for Cyrus to wait for, and leases were not over yet. */
function isUntold(at: number, server: string): boolean {
  return killed.some((each) => each.server === server && at >= each.at && at < each.at + LEASE_MS + BUSY_MS);
}

/** Once for each command, whatever it is. */
const MOST_HELD_MS = LEASE_MS + 100;

/** By how much this process was late at worst: whoever is timed by it may have waited for that as well. */
const lag = { worstMs: 0 };
function watchLag(everyMs = 20): NodeJS.Timeout {
  let due = performance.now() + everyMs;
  return setInterval(() => {
    lag.worstMs = Math.max(lag.worstMs, performance.now() - due);
    due = performance.now() + everyMs;
  }, everyMs);
}

/** Those that took long, beside the faults. */
const longOnes = (seen: readonly Seen[]) =>
  seen.flatMap(({ changes, letters, server }) =>
    [...changes.waited, ...letters]
      .filter((each) => held(each, server) > MOST_HELD_MS)
      .map(
        (each) => `${seconds(each.from)} ${each.what} of ${server} took ${held(each, server).toFixed(0)} ms`,
      ),
  );
const seconds = (ms: number) => (ms / 1_000).toFixed(1);

const sorted = (seen: readonly Seen[], of: (each: Seen) => readonly Waited[]) =>
  seen.flatMap((each) => of(each).map((waited) => held(waited, each.server))).sort((a, b) => a - b);
const share = (ms: readonly number[], part: number) => ms[Math.ceil(part * ms.length) - 1] ?? 0;
const shown = (ms: readonly number[]) =>
  `${ms.length}: ${[0.5, 0.99, 1].map((part) => share(ms, part).toFixed(0)).join(' / ')} ms`;

test(
  `${FAULTS} faults at random: nobody who exists is unknown, nobody waits for more than a lease, and letters are delivered as ever`,
  async () => {
    const random = randomOf(SEED);
    const watching = watchLag();
    const alone = await during(() => pause(6_000), 17);
    for (const server of rig.servers) await rig.startPublisher(server, wayOf(server.name));
    await rig.leases();

    const next = faultsOf(random);
    const happened: string[] = [];
    const seen = await during(async () => {
      for (let i = 0; i < FAULTS; i++) {
        const { name, happen } = next();
        happened.push(`${seconds(performance.now())} ${name}`);
        await happen();
        await heal();
        await pause(random(1_500));
      }
    }, 23);

    const oks = sorted(seen, ({ changes }) => changes.waited);
    const letters = sorted(seen, (each) => each.letters);
    const lettersAlone = sorted(alone, (each) => each.letters);
    const stale = seen.flatMap(({ changes, server }) =>
      changes.stale.map((each) => ({ ...each, untold: isUntold(each.at, server) })),
    );
    console.log(
      `seed ${SEED}, median / p99 / longest: OK ${shown(oks)}; letters ${shown(letters)}; without fleet and faults: ` +
        `OK ${shown(sorted(alone, ({ changes }) => changes.waited))}; letters ${shown(lettersAlone)}; ` +
        `${seen.reduce((sum, { changes }) => sum + changes.checked, 0)} answers checked, ${stale.length} from before ` +
        `right after a publisher was killed, ${stale.filter(({ lost }) => lost).length} of them NOTFOUND\n${[...happened, ...longOnes(seen)].sort().join('\n')}`,
    );
    expect(stale.filter(({ untold }) => !untold)).toEqual([]);
    expect(stale.filter(({ lost, by }) => lost && !DENYING.has(FOLLOWERS[by] ?? ''))).toEqual([]);
    expect(seen.flatMap(({ changes }) => changes.old)).toEqual([]);
    clearInterval(watching);
    // What Cyrus itself takes for a command is no wait of ours.
    const own = sorted(alone, ({ changes }) => changes.waited).at(-1) ?? 0;
    console.log(
      `Cyrus took ${own.toFixed(0)} ms for one command at most, this process was late by ${lag.worstMs.toFixed(0)} ms`,
    );
    const late = seen.flatMap(({ changes, server }) =>
      changes.waited.filter((each) => held(each, server) > MOST_HELD_MS + own + lag.worstMs),
    );
    expect(late).toEqual([]);
    expect(share(letters, 0.99)).toBeLessThan(share(lettersAlone, 0.99) + BUSY_MS);
    await rig.leases();
  },
  180_000 + FAULTS * 8_000,
);
