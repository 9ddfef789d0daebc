// Two real Cyrus servers with a publisher beside each, three daemons on "other machines", and Valkey of Debian: after each OK of an
// administrator none of the three gives the answer from before, while links freeze, break and are slow, Valkey and publishers are
// stopped and killed; nobody who exists is unknown, and no administrator waits for longer than a lease.
//
// FLEET_CHANGES: how many changes are made, 200 by default; with `npm run test:fleet` 5000.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { EVENTS_FOLDER, startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import type { ImapAdmin } from '../containers/imap-admin.js';
import { Link, SECRET, ValkeyContainer } from '../containers/valkey.js';
import { randomOf, ServerChanges } from './fleet/changes.js';

const CHANGES = Number(process.env['FLEET_CHANGES'] ?? 200);
const LEASE_MS = 1_000;
/** What Cyrus itself takes for a command, on a machine that does much else. */
const BUSY_MS = 1_500;
const SERVERS = ['one', 'two'] as const;
const FOLLOWERS = ['mx1', 'mx2', 'mx3'] as const;

let folder: string;
let valkey: ValkeyContainer;
const cyruses: CyrusContainer[] = [];
const admins: ImapAdmin[] = [];
const links = new Map<string, Link>();
const daemons = new Map<string, DaemonProcess>();
const clients: SocketmapConnection[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'password'), SECRET, { mode: 0o600 });
  valkey = await ValkeyContainer.start();
  for (const name of SERVERS) {
    const eventsFolder = await mkdtemp(join(tmpdir(), `fleet-${name}-`));
    await chmod(eventsFolder, 0o755);
    const imapd = {
      event_notifier: 'external',
      event_groups: 'mailbox',
      notifysocket: `dlist:${EVENTS_FOLDER}/socket`,
      delete_mode: 'immediate',
    };
    const cyrus = await startCyrus({ imapd, eventsFolder });
    cyruses.push(cyrus);
    await startPublisher(name, cyrus, eventsFolder);
    const admin = await cyrus.admin();
    admins.push(admin);
    await admin.create(`user/canary@${name}.jp`);
  }
  for (const name of FOLLOWERS) await startFollower(name);
}, 180_000);

afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all([...daemons.values()].map((daemon) => daemon.stop()));
  for (const link of links.values()) link.close();
  await Promise.all([valkey?.stop(), ...cyruses.map((cyrus) => cyrus.stop())]);
  await rm(folder, { recursive: true, force: true });
});

async function fleetTable(name: string, user: string): Promise<string> {
  const link = await Link.open(valkey.port);
  links.set(name, link);
  return `[fleet]\nurl = "${link.url}"\nuser = "${user}"\npassword_file = "${join(folder, 'password')}"\n`;
}

async function startPublisher(
  name: string,
  { lmtpUnix }: CyrusContainer,
  eventsFolder: string,
): Promise<void> {
  const config = `
    [backchannel.cyrus]
    type = "lmtp"
    endpoint = "${lmtpUnix}"
    canary = "canary@${name}.jp"
    [events]
    listen = "unix:${eventsFolder}/socket"
    socket_mode = "0666"
    ${await fleetTable(name, 'cyrusmapd-publish')}
    publish = "${name}"
  `;
  daemons.set(name, await DaemonProcess.start({ listen: [`unix:${join(folder, name)}`], config }));
  await daemonOf(name).logged(/fleet-well|listening-for-events/);
}

async function startFollower(name: string): Promise<void> {
  const backchannels = SERVERS.map(
    (server, i) => `
    [backchannel.${server}]
    type = "lmtp"
    endpoint = "${cyruses[i]?.lmtpUnix ?? ''}"
    canary = "canary@${server}.jp"
    stream = "${server}"
  `,
  );
  const domains = SERVERS.map((server) => `"${server}.jp" = "${server}"`);
  const config = `${backchannels.join('')}\n[domains]\n${domains.join('\n')}\n${await fleetTable(name, 'cyrusmapd-follow')}`;
  daemons.set(name, await DaemonProcess.start({ listen: [`unix:${join(folder, name)}`], config }));
}

function daemonOf(name: string): DaemonProcess {
  const daemon = daemons.get(name);
  if (daemon === undefined) throw new Error(`no daemon ${name}`);
  return daemon;
}

async function connect(name: string): Promise<SocketmapConnection> {
  const client = await SocketmapConnection.connect(parseEndpoint(`unix:${join(folder, name)}`, 'test'));
  clients.push(client);
  return client;
}

type Counters = {
  readonly fleet: { readonly following: readonly { readonly lease: boolean }[] };
  readonly sources: { readonly known: number; readonly negative: number; readonly probe: number };
};

async function countersOf(name: string): Promise<Counters> {
  const daemon = daemonOf(name);
  daemon.kill('SIGUSR2');
  return JSON.parse(await daemon.logged(/"event":"stats"/)) as Counters;
}

/** All three, asked at once. */
async function asking(): Promise<(key: string) => Promise<string[]>> {
  const all = await Promise.all(FOLLOWERS.map(connect));
  return (key) => Promise.all(all.map(async (client) => (await client.lookup('cyrus', key)).status));
}

async function askWithoutPause(
  name: string,
  names: readonly string[],
  going: () => boolean,
): Promise<number> {
  const client = await connect(name);
  let asked = 0;
  for (; going(); asked++) await client.lookup('cyrus', names[asked % names.length] ?? '');
  return asked;
}

/** Changes by both administrators, while everybody asks; with faults, where they are given. */
async function run(changes: number, fault?: () => Promise<void>): Promise<readonly ServerChanges[]> {
  const made: ServerChanges[] = [];
  for (const [i, admin] of admins.entries())
    made.push(new ServerChanges(admin, await asking(), randomOf(11 + i), `${SERVERS[i] ?? ''}.jp`, LEASE_MS));
  const names = made.flatMap((each) => each.names);
  let going = true;
  const asked = FOLLOWERS.map((name) => askWithoutPause(name, names, () => going));
  const faults = fault?.();
  await Promise.all(
    made.map(async (each) => {
      for (let i = 0; i < changes / SERVERS.length; i++) await each.change();
    }),
  );
  going = false;
  await Promise.all(asked);
  await faults;
  for (const each of made) await each.end();
  return made;
}

test(
  `${CHANGES} changes: no answer from before after the OK, and Cyrus waits for milliseconds`,
  async () => {
    await pause(2 * LEASE_MS);
    const made = await run(CHANGES);
    const ms = made.flatMap((each) => each.waitedMs).sort((a, b) => a - b);
    const at = (share: number) => ms[Math.floor(share * (ms.length - 1))]?.toFixed(1);
    console.log(
      `OK after ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ${made[0]?.checked} checked`,
    );
    expect(made.flatMap(({ stale }) => stale)).toEqual([]);
    expect(made.flatMap(({ lost }) => lost)).toEqual([]);
    expect(made.flatMap(({ deferred }) => deferred).length).toBeLessThan(CHANGES / 10 + 3);
    for (const name of FOLLOWERS) {
      const { fleet, sources } = await countersOf(name);
      expect(fleet.following.map(({ lease }) => lease)).toEqual([true, true]);
      // Else nothing of this would be a proof: whoever asks each time is never behind.
      expect(sources.known + sources.negative).toBeGreaterThan(sources.probe);
      console.log(`${name}: ${JSON.stringify(sources)}`);
    }
  },
  120_000 + CHANGES * 200,
);

test(
  'faults at random: nothing is older than a lease, nobody who exists is unknown, nobody waits for more than a lease',
  async () => {
    const random = randomOf(5);
    const names = [...links.keys()];
    const linkOf = (): Link | undefined => links.get(names[random(names.length)] ?? '');
    const faults: (() => Promise<void>)[] = [
      async () => linkOf()?.freeze(),
      async () => linkOf()?.cut(),
      async () => linkOf()?.slow(5),
      async () => linkOf()?.slow(50),
      async () => void (await valkey.cli('flushall')),
      async () => {
        await valkey.signal('STOP');
        await pause(1_500);
        await valkey.signal('CONT');
      },
      async () => valkey.restart(),
      async () => {
        const daemon = daemonOf(FOLLOWERS[random(FOLLOWERS.length)] ?? 'mx1');
        daemon.kill('SIGSTOP');
        await pause(1_500);
        daemon.kill('SIGCONT');
      },
    ];
    let going = true;
    const made = await Promise.all([
      run(Math.max(100, CHANGES / 2), async () => {
        for (let i = 0; going && i < Math.max(16, CHANGES / 50); i++) {
          await faults[i % faults.length]?.();
          await pause(300 + random(900));
          for (const link of links.values()) link.heal();
          await pause(random(1_500));
        }
      }),
    ]).finally(() => (going = false));
    const each = made.flat();
    const longest = Math.max(...each.flatMap(({ waitedMs }) => waitedMs));
    console.log(
      `with faults: longest OK ${longest.toFixed(0)} ms, ${each.flatMap(({ stale }) => stale).length} stale within a lease`,
    );
    expect(each.flatMap(({ lost }) => lost)).toEqual([]);
    expect(each.flatMap(({ old }) => old)).toEqual([]);
    expect(each.flatMap(({ stale }) => stale)).toEqual([]);
    expect(longest).toBeLessThan(LEASE_MS + BUSY_MS);
  },
  300_000 + CHANGES * 200,
);
