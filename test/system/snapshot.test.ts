// Snapshots of real Cyrus servers: who is listed is accepted at once and while Cyrus is gone, and nobody else is.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { ADMIN, PASSWORD, startCyrus, type CyrusContainer, type CyrusOptions } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import type { ImapAdmin } from '../containers/imap-admin.js';

let folder: string;
let cyrus: CyrusContainer | undefined;
let daemon: DaemonProcess | undefined;
let client: SocketmapConnection | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  client?.close();
  await daemon?.stop();
  await cyrus?.stop();
  client = daemon = cyrus = undefined;
  await rm(folder, { recursive: true });
});

/** lmtpd is asked first; what imapd is for, then, is the list. */
async function startDaemon(
  on: CyrusContainer,
  domains: readonly string[],
  more: string,
): Promise<DaemonProcess> {
  await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
  daemon = await DaemonProcess.start({
    listen: [`unix:${join(folder, 'socketmap')}`],
    config: `
      [backchannel.cyrus]
      type = "lmtp"
      endpoint = "${on.lmtpUnix}"
      second = "list"
      [backchannel.list]
      type = "imap"
      endpoint = "${on.imap}"
      user = "${ADMIN}"
      password_file = "${join(folder, 'password')}"
      [domains]
      ${domains.map((domain) => `"${domain}" = "cyrus"`).join('\n')}
      ${more}
    `,
  });
  client = await SocketmapConnection.connect(parseEndpoint(`unix:${join(folder, 'socketmap')}`, 'test'));
  return daemon;
}

async function statuses(...keys: string[]): Promise<string[]> {
  if (client === undefined) throw new Error('nobody to ask: the daemon was not started');
  const asked = client;
  const replies = await Promise.all(keys.map((key) => asked.lookup('cyrus', key)));
  return replies.map(({ status }) => status);
}

async function begin(options: CyrusOptions): Promise<{ cyrus: CyrusContainer; admin: ImapAdmin }> {
  cyrus = await startCyrus(options);
  return { cyrus, admin: await cyrus.admin() };
}

describe.each(['bookworm', 'sid'] as const)('Cyrus of %s', (suite) => {
  test.each([
    ['unixhierarchysep yes', { unixhierarchysep: 'yes' }, (name: string) => `user/${name}`],
    [
      'unixhierarchysep no',
      { unixhierarchysep: 'no' },
      (name: string) => `user.${name.replace(/^[^@]*/, (local) => local.replaceAll('.', '^'))}`,
    ],
  ])('%s: the listed are OK while Cyrus is gone, and only they', async (_, imapd, named) => {
    const { cyrus: on, admin } = await begin({ suite, imapd });
    for (const name of ['alice@example.jp', 'first.last@example.jp', 'bob@sub.example.net', 'carol']) {
      await admin.create(named(name));
    }
    await admin.create(named('MixedCase@example.jp'));
    // Makes a level of the hierarchy that is no mailbox, as its user is in the default domain alone.
    await admin.create(`${named('carol')}${imapd.unixhierarchysep === 'yes' ? '/' : '.'}Sent`);
    const lookup = '[lookup]\ndefault_domain = "rig.test"';
    const serving = await startDaemon(on, ['example.jp', '*.example.net', 'rig.test', '*'], lookup);
    await serving.logged(/"event":"listed"/);
    await on.stopMaster('KILL');
    expect(
      await statuses(
        'alice@example.jp',
        'first.last@example.jp',
        'bob@sub.example.net',
        'carol@rig.test',
        'carol',
      ),
    ).toEqual(Array(5).fill('OK'));
    expect(
      await statuses(
        'mixedcase@example.jp',
        'MixedCase@example.jp',
        'nobody@example.jp',
        'alice@rig.test',
        'carol@example.jp',
        'sent@rig.test',
      ),
    ).toEqual(Array(6).fill('TEMP'));
  });

  test('without virtual domains all domains share the listed', async () => {
    const { cyrus: on, admin } = await begin({ suite, imapd: { virtdomains: 'off' } });
    await admin.create('user/alice');
    await admin.create('user/MixedCase');
    const serving = await startDaemon(on, ['*'], '[lookup]\nvirtual_domains = false');
    await serving.logged(/"event":"listed"/);
    await on.stopMaster('KILL');
    expect(await statuses('alice', 'alice@example.jp', 'Alice@example.net')).toEqual(Array(3).fill('OK'));
    expect(await statuses('mixedcase@example.jp', 'bob@example.jp')).toEqual(['TEMP', 'TEMP']);
  });

  test('a restart of Cyrus is a reason to list anew, and a mailbox that is gone since is forgotten', async () => {
    const { cyrus: on, admin } = await begin({ suite });
    for (const name of ['alice', 'bob', 'canary']) await admin.create(`user/${name}@example.jp`);
    const more = `[cache]\nsnapshot_interval = "10s"\nstate_file = "${join(folder, 'known')}"`;
    const serving = await startDaemon(on, ['example.jp'], more);
    await serving.logged(/"event":"listed"/);
    await admin.delete('user/bob@example.jp');
    await serving.logged(/"event":"listed",.*"mailboxes":2,/);
    await on.stopMaster('KILL');
    expect(await statuses('alice@example.jp', 'bob@example.jp')).toEqual(['OK', 'TEMP']);

    // And over a restart of the daemon: ready before Cyrus is back.
    await serving.stop();
    client?.close();
    const again = await startDaemon(on, ['example.jp'], more);
    await again.logged(/"event":"restored"/);
    expect(await statuses('alice@example.jp', 'bob@example.jp')).toEqual(['OK', 'TEMP']);
    expect(again.log(/"event":"not-listed"/)).toHaveLength(1);
    await on.startMaster();
    await again.logged(/"event":"listed",.*"mailboxes":2,/);
    expect(await statuses('alice@example.jp', 'bob@example.jp')).toEqual(['OK', 'NOTFOUND']);
  });
});
