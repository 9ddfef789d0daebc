// Two real Cyrus servers with a publisher beside each, three daemons on "other machines", and Valkey of Debian: after each OK of an
// administrator none of the three gives the answer from before, while they are asked without pause. What happens while links and
// processes fail is in fleet-faults.test.ts.
//
// FLEET_CHANGES: how many changes are made, 200 by default; with `npm run test:fleet` 5000.
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SECRET } from '../containers/valkey.js';
import { randomOf, ServerChanges } from './fleet/changes.js';
import { FleetRig, FOLLOWERS, LEASE_MS, REMEMBERING } from './fleet/rig.js';

const CHANGES = Number(process.env['FLEET_CHANGES'] ?? 200);

let rig: FleetRig;

beforeAll(async () => {
  rig = await FleetRig.start(['one', 'two']);
  const way = { url: rig.valkey.url };
  for (const server of rig.servers) await rig.startPublisher(server, way);
  for (const name of FOLLOWERS) await rig.startFollower(name, way, REMEMBERING);
}, 180_000);
afterAll(() => rig?.stop());

async function askWithoutPause(
  name: string,
  names: readonly string[],
  going: () => boolean,
): Promise<number> {
  const client = await rig.connect(name);
  let asked = 0;
  for (; going(); asked++) await client.lookup('cyrus', names[asked % names.length] ?? '');
  return asked;
}

test(
  `${CHANGES} changes: no answer from before after the OK, and Cyrus waits for milliseconds`,
  async () => {
    await rig.leases();
    const begun = performance.now();
    const made = await Promise.all(
      rig.servers.map(
        async ({ admin, name }, i) =>
          new ServerChanges(admin, await rig.asking(), randomOf(11 + i), `${name}.jp`, LEASE_MS),
      ),
    );
    const names = made.flatMap((each) => each.names);
    let going = true;
    const asked = FOLLOWERS.map((name) => askWithoutPause(name, names, () => going));
    await Promise.all(
      made.map(async (each) => {
        for (let i = 0; i < CHANGES / rig.servers.length; i++) await each.change();
      }),
    );
    going = false;
    const answers = (await Promise.all(asked)).reduce((sum, each) => sum + each, 0);
    for (const each of made) await each.end();
    const ms = made.flatMap(({ waited }) => waited.map(({ from, to }) => to - from)).sort((a, b) => a - b);
    const at = (share: number) => ms[Math.floor(share * (ms.length - 1))]?.toFixed(1);
    const checked = made.reduce((sum, each) => sum + each.checked, 0);
    console.log(
      `${CHANGES} changes in ${((performance.now() - begun) / 1_000).toFixed(0)} s; OK of ${ms.length} commands after ` +
        `${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ${answers} answers meanwhile, ${checked} checked`,
    );
    expect(made.flatMap(({ stale }) => stale)).toEqual([]);
    expect(made.flatMap(({ deferred }) => deferred).length).toBeLessThan(CHANGES / 10 + 3);
    for (const name of FOLLOWERS) {
      const { fleet, sources } = await rig.counters(name);
      expect(fleet.following.map(({ lease }) => lease)).toEqual([true, true]);
      // Else nothing of this would be a proof: whoever asks each time is never behind.
      expect(sources.known + sources.negative).toBeGreaterThan(sources.probe);
      console.log(`${name}: ${JSON.stringify(sources)}`);
    }
  },
  120_000 + CHANGES * 240,
);

test('another password, in Valkey and in the file: who has to connect anew is let in by it', async () => {
  const change = 'changed-for-the-tests';
  for (const user of ['cyrusmapd-publish', 'cyrusmapd-follow'])
    await rig.valkey.cli('acl', 'setuser', user, 'resetpass', `>${change}`);
  await writeFile(rig.passwordFile, change, { mode: 0o600 });
  for (const name of [...FOLLOWERS, ...rig.servers.map((server) => server.name)])
    await rig.daemon(name).logged(/"event":"reloaded"/);
  await rig.valkey.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  await rig.leases();
  await vi.waitFor(async () =>
    expect(await rig.valkey.cli('client', 'list')).toContain('user=cyrusmapd-publish'),
  );
  // The password of before is none any more.
  expect(await rig.valkey.cli('auth', 'cyrusmapd-publish', SECRET)).toContain('WRONGPASS');
});
