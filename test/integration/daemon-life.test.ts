// What the whole daemon does with its parts and nobody sees in a reply: how long it may stand still, when a list of all
// mailboxes is asked for anew, and what is saved at the end.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { silentLog } from '../../src/log/log.js';
import { Snapshots } from '../../src/snapshots/snapshots.js';
import { SocketmapClient } from '../../src/socketmap/client.js';
import { SocketmapServer } from '../../src/socketmap/server.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, Peer, temporaryFolder } from './socketmap-rig.js';

let folder: string;
let lmtpd: LmtpServer;

beforeEach(async () => {
  folder = temporaryFolder();
  lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
  afterwards(() => lmtpd.stop());
  lmtpd.mailboxes.set('alice@example.jp', REPLIES.deliverable);
});
afterEach(() => void vi.restoreAllMocks());

test('it may stand still for as long as Sendmail still waits after the deadline', async () => {
  const listen = vi.spyOn(SocketmapServer, 'listen');
  const daemon = await start('[lookup]\ndeadline = "8s"');
  const server = await listen.mock.results[0]?.value;
  expect(listen.mock.calls[0]?.[1].stallLimitMs).toBe(22_000);
  const limit = vi.spyOn(server, 'stallLimitMs', 'set');
  await daemon.reload(await configured('[lookup]\ndeadline = "3s"'));
  expect(limit.mock.calls).toEqual([[27_000]]);
});

test('a list is asked for anew where an event was not understood', async () => {
  await start(`[events]\nlisten = "unix:${join(folder, 'events')}"`);
  const soon = vi.spyOn(Snapshots.prototype, 'soon');
  const peer = await Peer.connect({ kind: 'unix', path: join(folder, 'events') });
  peer.socket.end('NOTIFY %(METHOD external CLASS EVENT MESSAGE {1+}\r\n? FILEPATH NIL)\r\n');
  await peer.ended();
  expect(soon).toHaveBeenCalledTimes(1);
});

test('a list is asked for anew where Cyrus ended a session, since it may have been restarted', async () => {
  await start('');
  const ask = await connected();
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
  const file = join(folder, 'known');
  const daemon = await start(`[cache]\nstate_file = "${file}"`);
  expect(await (await connected())('alice@example.jp')).toBe('OK');
  expect(existsSync(file)).toBe(false);
  await daemon.stop();
  expect(existsSync(file)).toBe(true);
});

async function configured(more: string): Promise<Config> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(
    file,
    `[socketmap]\nlisten = ["unix:${join(folder, 'socketmap')}"]\n${more}
     [backchannel.cyrus]\ntype = "lmtp"\nendpoint = "${lmtpd.endpoint}"\nautocreate = "accept"`,
  );
  return (await loadConfig({ config: file })).config;
}

async function start(more: string): Promise<Daemon> {
  const daemon = await Daemon.start(await configured(more), silentLog);
  afterwards(() => daemon.stop());
  return daemon;
}

async function connected(): Promise<(key: string) => Promise<string>> {
  const client = await SocketmapClient.connect({ kind: 'unix', path: join(folder, 'socketmap') });
  afterwards(() => client.close());
  return async (key) => (await client.lookup('cyrus', key)).status;
}
