// A Cyrus on this machine that is only its imapd.conf, its list of mailboxes and its lmtpd: nothing else is configured.
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { completeFromCyrus } from '../../src/backchannels/cyrus-host.js';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, recordingLog, temporaryFolder, type Line } from './socketmap-rig.js';

const ALICE = 'alice@example.jp';
const NEW = 'new@example.jp';

let folder: string;
let lmtpd: LmtpServer;
let lines: Line[];
let confChanges: number;

beforeEach(async () => {
  folder = temporaryFolder();
  lines = [];
  confChanges = 0;
  lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
  afterwards(() => lmtpd.stop());
  lmtpd.mailboxes.set(ALICE, REPLIES.deliverable);
  writeFileSync(at('imapd.conf'), `configdirectory: ${folder}\nlmtpsocket: ${at('lmtp')}\nvirtdomains: on\n`);
  writeFileSync(at('mailboxes.db'), 'x'.repeat(1000));
});

function at(name: string): string {
  return join(folder, name);
}

async function configured(more = '') {
  writeFileSync(at('cyrusmapd.toml'), `[socketmap]\nlisten = ["unix:${at('socketmap')}"]\n${more}`);
  return (
    await loadConfig({ config: at('cyrusmapd.toml') }, (table) =>
      completeFromCyrus(table, [at('imapd.conf')]),
    )
  ).config;
}

async function started(more = ''): Promise<Daemon> {
  const daemon = await Daemon.start(await configured(more), recordingLog(lines), () => (confChanges += 1));
  afterwards(() => daemon.stop());
  return daemon;
}

async function connected(): Promise<(key: string) => Promise<string>> {
  const client = await SocketmapConnection.connect({ kind: 'unix', path: at('socketmap') });
  afterwards(() => client.close());
  return async (key) => (await client.lookup('cyrus', key)).status;
}

/** As Cyrus commits: the list is another one afterwards. */
function commit(): void {
  appendFileSync(at('mailboxes.db'), 'more');
}

/** Until the list is old enough to vouch, and a tick of the cache has passed. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 130));
}

describe('with nothing configured but where to listen', () => {
  test('an answer is remembered while the list of mailboxes stands, a "no" too', async () => {
    await started();
    const ask = await connected();
    await ask(ALICE);
    await settled();
    for (const key of [ALICE, NEW]) await ask(key);
    const { length } = lmtpd.recipients;
    expect([await ask(ALICE), await ask(NEW)]).toEqual(['OK', 'NOTFOUND']);
    expect(lmtpd.recipients).toHaveLength(length);
  });

  test('a mailbox is there as soon as Cyrus has committed, and gone as soon', async () => {
    await started();
    const ask = await connected();
    await ask(ALICE);
    expect(await ask(NEW)).toBe('NOTFOUND');
    for (let i = 0; i < 20; i++) {
      lmtpd.mailboxes.set(NEW, REPLIES.deliverable);
      commit();
      expect(await ask(NEW)).toBe('OK');
      lmtpd.mailboxes.delete(NEW);
      commit();
      expect(await ask(NEW)).toBe('NOTFOUND');
    }
  });

  test('nobody is unknown while the list is missing', async () => {
    await started();
    const ask = await connected();
    expect([await ask(ALICE), await ask(NEW)]).toEqual(['OK', 'NOTFOUND']);
    rmSync(at('mailboxes.db'));
    lmtpd.mailboxes.delete(ALICE);
    expect([await ask(ALICE), await ask(NEW)]).toEqual(['TEMP', 'TEMP']);
  });

  test('a change of imapd.conf is told, so that the configuration is read anew', async () => {
    await started();
    const ask = await connected();
    await ask(ALICE);
    appendFileSync(at('imapd.conf'), 'postuser: post\n');
    await expect
      .poll(
        async () => {
          await ask(ALICE);
          return confChanges;
        },
        { timeout: 5000 },
      )
      .toBe(1);
  });

  test('imapd.conf is looked at without the clock too, and a password as well', async () => {
    writeFileSync(at('password'), 'one', { mode: 0o600 });
    await started(`[cyrus]
      clock = false
      [backchannel.cyrus]
      type = "lmtp"
      endpoint = "unix:${at('lmtp')}"
      user = "cyrus"
      password_file = "${at('password')}"
    `);
    appendFileSync(at('imapd.conf'), 'postuser: post\n');
    await expect.poll(() => confChanges, { timeout: 5000 }).toBe(1);
    writeFileSync(at('password'), 'two');
    await expect.poll(() => confChanges, { timeout: 5000 }).toBe(2);
  });

  test('a reload without the clock remembers no "no" any more', async () => {
    const daemon = await started();
    const ask = await connected();
    await settled();
    for (const key of [ALICE, NEW]) await ask(key);
    await daemon.reload(await configured('[cyrus]\nclock = false\n'));
    await ask(NEW);
    lmtpd.mailboxes.set(NEW, REPLIES.deliverable);
    expect(await ask(NEW)).toBe('OK');
  });

  test('what the configuration says otherwise than imapd.conf is logged', async () => {
    await started('[lookup]\npost_user = "other"\n');
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^cyrus-differs\b/),
        fields: {
          file: at('imapd.conf'),
          reason: `lookup.post_user is "other": ${at('imapd.conf')} says ""`,
        },
      }),
    );
  });
});
