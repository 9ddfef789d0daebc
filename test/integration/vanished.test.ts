// A list of mailboxes that is only partly there, with its canary in it; and a replica that is behind.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, recordingLog, temporaryFolder, type Line } from './socketmap-rig.js';

const NAMES = Array.from({ length: 20 }, (_, i) => `u${i}@example.jp`);

async function rig(more: string) {
  const folder = temporaryFolder();
  const lines: Line[] = [];
  const lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
  afterwards(() => lmtpd.stop());
  for (const name of [...NAMES, 'canary@example.jp']) lmtpd.mailboxes.set(name, REPLIES.deliverable);
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(
    file,
    `[socketmap]\nlisten = ["unix:${join(folder, 'socketmap')}"]
     [cache]\nknown_ttl = "1s"
     [backchannel.cyrus]\ntype = "lmtp"\nendpoint = "${lmtpd.endpoint}"\ncanary = "canary@example.jp"\n${more}`,
  );
  const { config } = await loadConfig({ config: file });
  const daemon = await Daemon.start(config, recordingLog(lines));
  afterwards(() => daemon.stop());
  const client = await SocketmapConnection.connect({ kind: 'unix', path: join(folder, 'socketmap') });
  afterwards(() => client.close());
  return { lmtpd, lines, ask: async (key: string) => (await client.lookup('cyrus', key)).status };
}

/** Until nobody is believed any more. */
async function aged(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1100));
}

test('of mailboxes that vanish together none is unknown, though the canary is there', async () => {
  const { lmtpd, lines, ask } = await rig('');
  for (const name of NAMES) expect(await ask(name)).toBe('OK');
  await aged();
  for (const name of NAMES.slice(0, 10)) lmtpd.mailboxes.delete(name);
  for (const name of NAMES.slice(0, 10)) expect(await ask(name)).toBe('TEMP');
  expect(await ask('stranger@example.jp')).toBe('NOTFOUND');
  expect(await ask(NAMES[15] ?? '')).toBe('OK');
  const alarms = lines.filter(({ message }) => String(message).startsWith('mailboxes-vanished'));
  expect(alarms).toHaveLength(1);
});

test('one that was deleted alone is unknown at once', async () => {
  const { lmtpd, ask } = await rig('');
  for (const name of NAMES) expect(await ask(name)).toBe('OK');
  await aged();
  lmtpd.mailboxes.delete('u3@example.jp');
  expect(await ask('u3@example.jp')).toBe('NOTFOUND');
});

test('what a replica lacks is deferred', async () => {
  const { ask } = await rig('replica = true\n');
  expect([await ask('u1@example.jp'), await ask('new@example.jp')]).toEqual(['OK', 'TEMP']);
});
