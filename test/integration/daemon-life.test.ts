// What the whole daemon does with its parts and nobody sees in a reply: how long it may stand still, when a list of all
// mailboxes is asked for anew, and what is saved at the end.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Daemon } from '../../src/daemon/daemon.js';
import { Snapshots } from '../../src/snapshots/snapshots.js';
import { SocketmapServer } from '../../src/socketmap/server.js';
import type { LmtpServer } from '../fakes/lmtp-server.js';
import { DaemonRig } from './daemon-rig.js';
import { Peer } from './socketmap-rig.js';

let rig: DaemonRig;
let lmtpd: LmtpServer;

beforeEach(async () => {
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
});
afterEach(() => void vi.restoreAllMocks());

test('it may stand still for as long as Sendmail still waits after the deadline', async () => {
  const listen = vi.spyOn(SocketmapServer, 'listen');
  const daemon = await start('[lookup]\ndeadline = "8s"');
  const server = await listen.mock.results[0]?.value;
  expect(listen.mock.calls[0]?.[1].stallLimitMs).toBe(22_000);
  const limit = vi.spyOn(server, 'stallLimitMs', 'set');
  await daemon.reload(await rig.configured(lmtpd, '[lookup]\ndeadline = "3s"'));
  expect(limit.mock.calls).toEqual([[27_000]]);
});

test('a list is asked for anew where an event was not understood', async () => {
  await start(`[events]\nlisten = "unix:${join(rig.folder, 'events')}"`);
  const soon = vi.spyOn(Snapshots.prototype, 'soon');
  const peer = await Peer.connect({ kind: 'unix', path: join(rig.folder, 'events') });
  peer.socket.end('NOTIFY %(METHOD external CLASS EVENT MESSAGE {1+}\r\n? FILEPATH NIL)\r\n');
  await peer.ended();
  expect(soon).toHaveBeenCalledTimes(1);
});

test('a list is asked for anew where Cyrus ended a session, since it may have been restarted', async () => {
  await start('');
  const ask = await rig.connected();
  expect(await ask('alice@example.jp')).toBe('OK');
  const soon = vi.spyOn(Snapshots.prototype, 'soon');
  const held = lmtpd.hold(/<bob@/);
  const answer = ask('bob@example.jp');
  await lmtpd.until(() => lmtpd.recipients.includes('bob@example.jp'));
  lmtpd.hangUp();
  held.release();
  await answer;
  expect(soon).toHaveBeenCalled();
});

test('what is known is saved at a clean stop', async () => {
  const file = join(rig.folder, 'known');
  const daemon = await start(`[cache]\nstate_file = "${file}"`);
  expect(await (await rig.connected())('alice@example.jp')).toBe('OK');
  expect(existsSync(file)).toBe(false);
  await daemon.stop();
  expect(existsSync(file)).toBe(true);
});

async function start(more: string): Promise<Daemon> {
  return rig.start(await rig.configured(lmtpd, more));
}
