// What is open from the start to the stop: with other machines to tell, with a place to take, and where something cannot be opened.
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { Daemon } from '../../../src/daemon/daemon.js';
import { Fleet, type FleetParts } from '../../../src/fleet/fleet.js';
import { SocketmapServer } from '../../../src/socketmap/server.js';
import type { LmtpServer } from '../../fakes/lmtp-server.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, Peer, recordingLog } from '../../integration/socketmap-rig.js';

const ALICE = 'alice@example.jp';

let rig: DaemonRig;
let lmtpd: LmtpServer;

beforeEach(async () => {
  // After all daemons have ended.
  afterwards(() => void vi.restoreAllMocks());
  // Nobody follows, so no lease has to be waited for.
  vi.spyOn(Fleet.prototype, 'retire').mockResolvedValue();
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
});

const at = (name: string): string => join(rig.folder, name);
const configured = (more: string): Promise<Config> => rig.configured(lmtpd, more);
const EVENTS = (): string => `[events]\nlisten = "unix:${at('events')}"\n`;
const POLICY = (): string =>
  `[domains]\n"example.jp" = "cyrus"\n[policy]\nlisten = ["unix:${at('policy')}"]\n`;
/** Nobody listens there, which is no reason not to serve. */
const FLEET = '[fleet]\nurl = "valkey://127.0.0.1:1"\npublish = "cyrus"\nlease = "1s"\n';

/** A daemon beside the one that runs. */
async function beside(config: Config): Promise<Daemon> {
  const succeeding = { restored: Promise.resolve() };
  const daemon = await Daemon.start(config, recordingLog(rig.lines), () => undefined, succeeding);
  afterwards(() => daemon.stop());
  return daemon;
}

const isPublishing = (daemon: Daemon): boolean => daemon.operator.figures().fleet?.publishing !== undefined;

describe('a fleet', () => {
  test('is told from the start on, and its figures are those of the daemon', async () => {
    const daemon = await rig.start(await configured(`${EVENTS()}${FLEET}`));
    expect(isPublishing(daemon)).toBe(true);
    expect(daemon.stats()).toMatchObject({ fleet: { following: [] } });
    expect(await (await rig.connected())(ALICE)).toBe('OK');
  });

  test('is told by one process at a time: by the new one only when it has the place of the old one', async () => {
    const suspended = vi.spyOn(Fleet.prototype, 'suspend');
    const resumed = vi.spyOn(Fleet.prototype, 'resume');
    const old = await rig.start(await configured(`${EVENTS()}${FLEET}`));
    const daemon = await beside(await configured(`${EVENTS()}${FLEET}`));
    expect(isPublishing(daemon)).toBe(false);
    const handing = await old.operator.handOver({ pid: 99, places: [] });
    expect([suspended.mock.calls.length, resumed.mock.calls.length]).toEqual([1, 0]);
    handing.abandon();
    expect([suspended.mock.calls.length, resumed.mock.calls.length]).toEqual([1, 1]);
    await daemon.settle();
    expect(isPublishing(daemon)).toBe(true);
  });

  test('is told what Cyrus tells', async () => {
    const changed = vi.spyOn(Fleet.prototype, 'changed').mockReturnValue(undefined);
    await rig.start(await configured(`${EVENTS()}${FLEET}`));
    const fields = { event: 'MailboxDelete', uri: 'imap://h/user/alice%40example.jp' };
    const message = JSON.stringify(fields);
    const cyrus = await Peer.connect({ kind: 'unix', path: at('events') });
    cyrus.socket.end(
      `NOTIFY %(METHOD external CLASS EVENT MESSAGE {${message.length}+}\r\n${message} FILEPATH NIL)\r\n`,
    );
    await cyrus.ended();
    expect(changed.mock.calls.map(([mailboxes]) => mailboxes)).toEqual([[ALICE]]);
  });

  test('is left in peace at the stop: its leases end before anything else, and nothing is told any more', async () => {
    const calls: string[] = [];
    vi.spyOn(Fleet.prototype, 'retire').mockImplementation(async () => {
      calls.push('retire');
      await Promise.resolve();
    });
    vi.spyOn(Fleet.prototype, 'close').mockImplementation(() => void calls.push('close'));
    const daemon = await rig.start(await configured(`${EVENTS()}${FLEET}`));
    await daemon.stop();
    expect(calls).toEqual(['retire', 'close']);
  });

  test('is closed again where the daemon cannot start, at the events or later', async () => {
    const closed = vi.spyOn(Fleet.prototype, 'close');
    const other = await rig.start(await configured(`${EVENTS()}${POLICY()}`));
    const refused = Daemon.start(await configured(`${EVENTS()}${FLEET}`), recordingLog(rig.lines));
    await expect(refused).rejects.toThrow(`${at('events')} is in use`);
    expect(closed).toHaveBeenCalledTimes(1);
    await other.stop();
    await rig.start(await configured(POLICY()));
    const again = Daemon.start(await configured(`${EVENTS()}${FLEET}`), recordingLog(rig.lines));
    await expect(again).rejects.toThrow(`${at('socketmap')} is in use`);
    expect(closed).toHaveBeenCalledTimes(2);
  });

  test('hears what this daemon knows, and what it hears is no longer believed here', async () => {
    let parts: FleetParts | undefined;
    const open = Fleet.open.bind(Fleet);
    vi.spyOn(Fleet, 'open').mockImplementation((given) => {
      parts = given;
      return open(given);
    });
    await rig.start(await configured(`${EVENTS()}[cache]\nknown_ttl = "9m"\n${FLEET}`));
    const ask = await rig.connected();
    await ask(ALICE);
    await ask(ALICE);
    expect(lmtpd.recipients).toEqual([ALICE]);
    parts?.forget(ALICE);
    await ask(ALICE);
    expect(lmtpd.recipients).toEqual([ALICE, ALICE]);
    const held = lmtpd.hold(/^RCPT TO:<bob@/);
    const first = ask('bob@example.jp');
    await lmtpd.until(() => lmtpd.recipients.includes('bob@example.jp'));
    parts?.missed();
    held.release();
    await first;
    await ask('bob@example.jp');
    expect(lmtpd.recipients.slice(2)).toEqual(['bob@example.jp', 'bob@example.jp']);
    expect(parts?.knownTtlMs()).toBe(9 * 60_000);
    expect(parts?.rules()).toMatchObject({ downcase: true });
    expect(parts?.proof()).toBeDefined();
    expect(Math.abs((parts?.wall() ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});

describe('beside the process whose place it takes', () => {
  test('each front waits for its place', async () => {
    const more = `${EVENTS()}${POLICY()}`;
    await rig.start(await configured(more));
    const listen = vi.spyOn(SocketmapServer, 'listen');
    const daemon = await beside(await configured(more));
    expect(listen.mock.calls.map(([, options]) => options.beside)).toEqual([true, true]);
    expect(daemon.places.map(({ succession }) => succession?.place)).toEqual([
      at('socketmap'),
      at('policy'),
      at('events'),
    ]);
  });

  test('a port is opened when the other one has handed over, since connections come there from its opening on', async () => {
    const config = await configured('');
    const port = { kind: 'inet', host: '127.0.0.1', port: 0 } as const;
    const listen = [...config.socketmap.listen, port];
    const daemon = await beside({ ...config, socketmap: { ...config.socketmap, listen } });
    expect(daemon.endpoints.map(({ kind }) => kind)).toEqual(['unix']);
    await daemon.openPorts();
    expect(daemon.endpoints.map(({ kind }) => kind)).toEqual(['unix', 'inet']);
    expect(daemon.places.map(({ name }) => name)).toEqual([`unix:${at('socketmap')}`]);
  });
});
