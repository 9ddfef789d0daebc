// The old process at a takeover, asked without a new one: what it says, what it leaves behind, and when its last connections are served.
import { once } from 'node:events';
import { existsSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { lastOnesServed } from '../../../src/daemon/hand-over.js';
import { UnavailableError } from '../../../src/errors.js';
import { Listener } from '../../../src/net/listener.js';
import { hurryClock, setTimeout as sleep, slept } from '../../fakes/hurried-sleep.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, startRig } from '../../integration/socketmap-rig.js';

vi.mock('node:timers/promises', () => import('../../fakes/hurried-sleep.js'));
hurryClock();

let rig: DaemonRig;

beforeEach(() => {
  rig = new DaemonRig();
});

async function started() {
  return rig.start(await rig.configured(await rig.newLmtpd('lmtp')));
}

describe('an old process', () => {
  test('says last that it is retired, and removes the names that would soon lead to nobody', async () => {
    const old = await started();
    const socket = join(rig.folder, 'socketmap');
    const handing = await old.operator.handOver({ pid: 99, places: [] });
    const said: (readonly object[])[] = [];
    for await (const lines of handing.lines()) said.push(lines);
    expect(said).toEqual([[{ taken: true, connections: 0 }], [{ retired: true }]]);
    expect(existsSync(socket)).toBe(false);
    await old.retired;
  });

  test('that cannot make room for the new one says why, and goes on', async () => {
    const old = await started();
    const [place] = old.places;
    if (place?.endpoint.kind !== 'unix') throw new Error('no place');
    const places = [{ place: place.endpoint.path, bound: '/x' }];
    const failure = new Error('EROFS: read-only file system');
    vi.spyOn(Listener.prototype, 'prepare').mockRejectedValueOnce(failure);
    const refused = old.operator.handOver({ pid: 99, places });
    await expect(refused).rejects.toThrow(UnavailableError);
    await expect(refused).rejects.toThrow(`the sockets cannot be exchanged: ${failure.message}`);
    await expect(refused).rejects.toMatchObject({ cause: failure });
    await expect(
      old.operator.handOver({ pid: 99, places: [{ place: '/nosuch', bound: '/x' }] }),
    ).rejects.toThrow(/^unix:\/nosuch is not a socket of mine$/);
    expect(place.look()).toBe(true);
    vi.restoreAllMocks();
  });
});

test('an old process whose name leads to somebody else hands over nothing', async () => {
  const old = await started();
  const other = createServer().listen(join(rig.folder, 'other'));
  await once(other, 'listening');
  afterwards(() => void other.close());
  const place = join(rig.folder, 'socketmap');
  renameSync(join(rig.folder, 'other'), place);
  const places = [{ place, bound: '/x' }];
  await expect(old.operator.handOver({ pid: 99, places })).rejects.toThrow(
    `unix:${place} is not a socket of mine`,
  );
  expect(old.operator.standing().taking).toBe(false);
});

test('an old process whose successor is gone has nothing more to say, from that moment on', async () => {
  const old = await started();
  const handing = await old.operator.handOver({ pid: 99, places: [] });
  const lines = handing.lines();
  await lines.next();
  const begun = slept();
  const last = lines.next();
  handing.abandon();
  expect(await last).toMatchObject({ done: true });
  expect(slept() - begun).toBeLessThan(1_000);
});

describe('the last connections', () => {
  test('are served to their end, and those that linger until their peers have closed them', async () => {
    const [one, other] = [await startRig(), await startRig()];
    const peer = await one.connect();
    peer.send('x:');
    await peer.ended();
    expect([one.server.connections, one.server.lingering, other.server.lingering]).toEqual([0, 1, 0]);
    let isOver = false;
    const served = lastOnesServed([other.server, one.server], 60_000, () => 0).then(() => (isOver = true));
    await sleep(5_000);
    expect(isOver).toBe(false);
    peer.socket.end();
    await served;
  });

  test('are left when the time is over that was given to them', async () => {
    const { server, connect } = await startRig();
    await connect();
    const begun = slept();
    await lastOnesServed([server], 5_000, slept);
    expect([slept() - begun, server.connections]).toEqual([5_000, 1]);
  });

  test('are no reason for a process to go on that has nothing else to do', async () => {
    const { server } = await startRig();
    const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const before = timers();
    const served = lastOnesServed([server], 60_000, slept);
    expect(timers()).toBe(before);
    await served;
  });

  test('are looked for a second after the sockets have passed: who looked up their names before has connected then', async () => {
    const { server } = await startRig();
    const begun = slept();
    await lastOnesServed([server], 60_000, slept);
    expect(slept() - begun).toBe(1_000);
  });
});
