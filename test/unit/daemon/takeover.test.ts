// A takeover between two daemons in this process: what passes, in which order, and what becomes of one that fails.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Daemon } from '../../../src/daemon/daemon.js';
import { Predecessor } from '../../../src/daemon/predecessor.js';
import { takeOver } from '../../../src/daemon/takeover.js';
import { ConfigError, UnavailableError } from '../../../src/errors.js';
import type { Config } from '../../../src/config/config.js';
import type { LmtpServer } from '../../fakes/lmtp-server.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, Peer, recordingLog } from '../../integration/socketmap-rig.js';

const ALICE = 'alice@example.jp';

let rig: DaemonRig;
let lmtpd: LmtpServer;

beforeEach(async () => {
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
});

function configured(more = ''): Promise<Config> {
  return rig.configured(lmtpd, `[admin]\nlisten = "unix:${join(rig.folder, 'control')}"\n${more}`);
}

async function successor(config: Config): Promise<Daemon> {
  const daemon = await takeOver(config, recordingLog(rig.lines), () => undefined);
  afterwards(() => daemon.stop());
  return daemon;
}

const told = (verb: string): object[] =>
  rig.lines.filter(({ message }) => message === verb).map(({ fields }) => fields);

describe('a takeover', () => {
  test('where nobody runs is a usual start', async () => {
    const daemon = await successor(await configured());
    await daemon.settled;
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    expect(told('takeover')).toEqual([]);
  });

  test('without a control socket is refused, with the key to set', async () => {
    const config = await configured();
    const refused = takeOver(
      { ...config, file: undefined, admin: { ...config.admin, listen: undefined } },
      recordingLog(rig.lines),
      () => undefined,
    );
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow('admin.listen is not set');
  });

  test('serves those who are connected to the end, all others at once, and knows what was known', async () => {
    const old = await rig.start(await configured());
    const states: string[] = [];
    old.onHandOver = (state, pid) => states.push(`${state} ${pid === process.pid}`);
    const before = await rig.connected();
    expect(await before(ALICE)).toBe('OK');
    const daemon = await successor(await configured());
    const after = await rig.connected();
    expect(await after('bob@example.jp')).toBe('OK');
    expect(await before(ALICE)).toBe('OK');
    expect([old.connections, daemon.connections]).toEqual([1, 1]);
    await daemon.settled;
    expect(states).toEqual(['handing true', 'retired true']);
    expect(told('takeover-complete')).toMatchObject([{ pid: process.pid, mailboxes: 1 }]);
    await lmtpd.stop();
    expect(await after(ALICE)).toBe('OK');
    expect(told('takeover')).toMatchObject([
      { role: 'predecessor', pid: process.pid, connections: 1 },
      { role: 'successor', pid: process.pid, connections: 0 },
    ]);
  });

  test('does not begin while another one is under way, nor does anybody take over from a process that is about to go', async () => {
    const old = await rig.start(await configured());
    const first = await successor(await configured());
    await expect(old.operator.handOver({ pid: 1, places: [] })).rejects.toThrow(UnavailableError);
    await expect(first.operator.handOver({ pid: 1, places: [] })).rejects.toThrow(
      'another process is just taking over, or has done so',
    );
    expect(first.operator.standing().taking).toBe(true);
    await first.settled;
    expect(first.operator.standing().taking).toBe(false);
    await expect(old.operator.handOver({ pid: 1, places: [] })).rejects.toThrow(UnavailableError);
  });

  test('that fails leaves everything as it was, and another one may come', async () => {
    const old = await rig.start(await configured());
    await expect(
      old.operator.handOver({ pid: 1, places: [{ place: '/nosuch', bound: '/x' }] }),
    ).rejects.toThrow('unix:/nosuch is not a socket of mine');
    vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* () {
      yield await Promise.resolve(new Map([['taken', false]]));
    });
    await expect(successor(await configured())).rejects.toThrow('does not say that it hands over');
    expect(told('takeover-refused')).toMatchObject([{ pid: process.pid }]);
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    const daemon = await successor(await configured());
    await daemon.settled;
    expect(await (await rig.connected())('bob@example.jp')).toBe('OK');
  });

  test('that is given up by the new process gives the places back, and what events had told is not believed', async () => {
    const old = await rig.start(
      await configured(`[events]\nlisten = "unix:${join(rig.folder, 'events')}"\n`),
    );
    const ask = await rig.connected();
    expect(await ask(ALICE)).toBe('OK');
    const states: string[] = [];
    old.onHandOver = (state) => states.push(state);
    const [place] = old.places;
    const daemon = await Daemon.start(
      await configured(`[events]\nlisten = "unix:${join(rig.folder, 'events')}"\n`),
      recordingLog(rig.lines),
      () => undefined,
      { restored: Promise.resolve() },
    );
    const successions = daemon.places.flatMap(({ succession }) => succession ?? []);
    expect(successions).toHaveLength(3);
    const handing = await old.operator.handOver({ pid: 99, places: successions });
    const lines = handing.lines();
    expect((await lines.next()).value).toEqual([{ taken: true, connections: 1 }]);
    expect(place?.look()).toBe(false);
    handing.abandon();
    handing.abandon();
    await lines.return(undefined);
    expect(states).toEqual(['handing', 'serving']);
    expect(told('takeover-undone')).toMatchObject([{ pid: 99 }]);
    expect(old.places.every((each) => each.look())).toBe(true);
    await daemon.stop();
    const count = lmtpd.recipients.length;
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    expect(lmtpd.recipients.length).toBeGreaterThan(count);
  });
});

describe('the old process', () => {
  test('is retired when the last connection has gone, and not before', async () => {
    const old = await rig.start(await configured());
    const client = await Peer.connect({ kind: 'unix', path: join(rig.folder, 'socketmap') });
    const daemon = await successor(await configured());
    await daemon.settled;
    expect(old.connections).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(told('retired')).toEqual([]);
    client.socket.destroy();
    await old.retired;
    expect(told('retired')).toMatchObject([{ connections: 0 }]);
  });

  test('is retired after the grace, whoever is connected', async () => {
    const grace = await configured();
    const old = await rig.start({ ...grace, socketmap: { ...grace.socketmap, takeoverGraceMs: 1_000 } });
    await Peer.connect({ kind: 'unix', path: join(rig.folder, 'socketmap') });
    const daemon = await successor(await configured());
    await daemon.settled;
    await old.retired;
    expect(told('retired')).toMatchObject([{ connections: 1 }]);
  });

  test('goes on hearing an event that is under way, and is not done before its end', async () => {
    const events = `[events]\nlisten = "unix:${join(rig.folder, 'events')}"\n`;
    const old = await rig.start(await configured(events));
    const states: string[] = [];
    old.onHandOver = (state) => states.push(state);
    const cyrus = await Peer.connect({ kind: 'unix', path: join(rig.folder, 'events') });
    const daemon = await successor(await configured(events));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(states).toEqual(['handing']);
    cyrus.socket.end();
    await daemon.settled;
    expect(states).toEqual(['handing', 'retired']);
  });

  test('leaves the file of the known mailboxes to the new one', async () => {
    const file = join(rig.folder, 'known');
    const more = `[cache]\nstate_file = "${file}"\n`;
    const old = await rig.start(await configured(more));
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    const daemon = await successor(await configured(more));
    await daemon.settled;
    await old.stop();
    expect(existsSync(file)).toBe(false);
    await daemon.stop();
    expect(readFileSync(file, 'latin1')).toContain(ALICE);
  });

  test('has that file again where it was given up', async () => {
    const file = join(rig.folder, 'known');
    const more = `[cache]\nstate_file = "${file}"\n`;
    const old = await rig.start(await configured(more));
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    const handing = await old.operator.handOver({ pid: 99, places: [] });
    const lines = handing.lines();
    expect((await lines.next()).value).toEqual([{ taken: true, connections: 1 }]);
    expect((await lines.next()).value).toEqual([{ known: [expect.stringMatching(/ alice@example\.jp$/)] }]);
    handing.abandon();
    expect(await lines.next()).toMatchObject({ done: true });
    await old.stop();
    expect(readFileSync(file, 'latin1')).toContain(ALICE);
  });
});
