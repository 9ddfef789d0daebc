// The directory in the daemon: a Cyrus on this machine that is its imapd.conf, its list of mailboxes, which is read, and its
// lmtpd, which is asked less.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { completeFromCyrus } from '../../src/backchannels/cyrus-host.js';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES, SILENCE } from '../fakes/lmtp-server.js';
import { FakeList, gone, inbox } from '../fakes/mailbox-list.js';
import { afterwards, recordingLog, temporaryFolder, type Line } from './socketmap-rig.js';

const ALICE = 'alice@example.jp';
const NOBODY = 'nobody@example.jp';

let folder: string;
let list: FakeList;
let lmtpd: LmtpServer;
let lines: Line[];
let ask: (key: string) => Promise<string>;

beforeEach(async () => {
  folder = temporaryFolder();
  lines = [];
  lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
  afterwards(() => lmtpd.stop());
  list = new FakeList();
  list.commit(...['alice', 'bob', 'carol'].map((local) => inbox(local, 'example.jp')));
  replace();
  for (const local of ['alice', 'bob', 'carol'])
    lmtpd.mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
});

function at(name: string): string {
  return join(folder, name);
}

/** In place and longer than before, as Cyrus commits. */
function write(): void {
  writeFileSync(at('mailboxes.db'), list.bytes, { flag: 'r+' });
}

/** As another file under its name, which is no commit: as one that was restored. */
function replace(): void {
  writeFileSync(at('mailboxes.db.NEW'), list.bytes);
  renameSync(at('mailboxes.db.NEW'), at('mailboxes.db'));
}

async function configured(more: string, imapdConf: string) {
  writeFileSync(
    at('imapd.conf'),
    `configdirectory: ${folder}\nlmtpsocket: ${at('lmtp')}\nvirtdomains: on\n${imapdConf}`,
  );
  writeFileSync(at('cyrusmapd.toml'), `[socketmap]\nlisten = ["unix:${at('socketmap')}"]\n[cyrus]\n${more}`);
  return (
    await loadConfig({ config: at('cyrusmapd.toml') }, (table) =>
      completeFromCyrus(table, [at('imapd.conf')]),
    )
  ).config;
}

async function started(more = 'directory = true', imapdConf = ''): Promise<Daemon> {
  const daemon = await Daemon.start(await configured(more, imapdConf), recordingLog(lines));
  afterwards(() => daemon.stop());
  const client = await SocketmapConnection.connect({ kind: 'unix', path: at('socketmap') });
  afterwards(() => client.close());
  ask = async (key) => (await client.lookup('cyrus', key)).status;
  return daemon;
}

const logged = (verb: string) => lines.some(({ message }) => String(message).startsWith(verb));

/** Held, and confirmed by lmtpd: before that nobody is unlisted. */
async function ready(): Promise<void> {
  await expect.poll(() => logged('directory-ready')).toBe(true);
  await ask(ALICE);
  await ask('first@example.jp');
  await expect.poll(() => asksFor('second@example.jp')).toBe(0);
}

/** How often lmtpd is asked for one question. */
async function asksFor(key: string): Promise<number> {
  const { length } = lmtpd.recipients;
  await ask(key);
  return lmtpd.recipients.length - length;
}

describe('with the directory', () => {
  test('who is not listed is refused without asking, and who is listed is accepted at once', async () => {
    const daemon = await started();
    await ready();
    const { length } = lmtpd.recipients;
    expect(daemon.stats()).toMatchObject({
      clock: { standing: 'vouching' },
      directory: { standing: 'ready', mailboxes: 3, missing: 0 },
    });
    for (let i = 0; i < 100; i++) expect(await ask(`nobody${i}@example.jp`)).toBe('NOTFOUND');
    expect(lmtpd.recipients).toHaveLength(length);
    expect([await ask('bob@example.jp'), await ask('bob+lists@example.jp')]).toEqual(['OK', 'OK']);
  });

  test('who was just created or deleted is known as soon as Cyrus has committed', async () => {
    await started();
    await ready();
    for (let i = 0; i < 20; i++) {
      list.commit(inbox('nobody', 'example.jp'));
      lmtpd.mailboxes.set(NOBODY, REPLIES.deliverable);
      write();
      expect(await ask(NOBODY)).toBe('OK');
      list.commit(gone(inbox('nobody', 'example.jp')));
      lmtpd.mailboxes.delete(NOBODY);
      write();
      expect(await ask(NOBODY)).toBe('NOTFOUND');
    }
  });

  test('nobody is unknown while a list that was put in its place is read, and all are told soon after', async () => {
    await started();
    await ready();
    for (let i = 0; i < 20; i++) {
      list.commit(inbox('dave', 'example.jp'), gone(inbox('dave', 'example.jp')));
      replace();
      expect(['NOTFOUND', 'TEMP']).toContain(await ask(NOBODY));
      await expect.poll(() => ask(NOBODY)).toBe('NOTFOUND');
    }
  });

  test('both go on while lmtpd is silent, as it is during a repack', async () => {
    await started();
    await ready();
    lmtpd.override = () => SILENCE;
    expect([await ask('carol@example.jp'), await ask(NOBODY)]).toEqual(['OK', 'NOTFOUND']);
  });

  test('nobody is unknown any more once the sample finds that lmtpd is gone', async () => {
    await started();
    await ready();
    await lmtpd.stop();
    for (let i = 0; i < 500; i++) await ask(`gone${i}@example.jp`);
    await expect.poll(() => ask(NOBODY)).toBe('TEMP');
    expect(await ask(ALICE)).toBe('OK');
  });

  test('a mailbox over its quota is deferred as soon as lmtpd has said so', async () => {
    await started();
    await ready();
    lmtpd.mailboxes.set('bob@example.jp', REPLIES.overquota);
    expect(await ask('bob@example.jp')).toBe('OK');
    await expect.poll(() => ask('bob@example.jp')).toBe('TEMP');
  });

  test('one disagreement of lmtpd ends it, and says so', async () => {
    await started();
    await expect.poll(() => logged('directory-ready')).toBe(true);
    await ask(ALICE);
    lmtpd.mailboxes.set(NOBODY, REPLIES.deliverable);
    expect(await ask(NOBODY)).toBe('OK');
    await expect.poll(() => logged('directory-off')).toBe(true);
    expect(await ask(NOBODY)).toBe('OK');
  });

  test.each([
    ['lmtp_catchall_mailbox: all', 'lmtp_catchall_mailbox is set'],
    ['lmtp_fuzzy_mailbox_match: yes', 'lmtp_fuzzy_mailbox_match is on'],
    ['improved_mboxlist_sort: yes', 'improved_mboxlist_sort is on'],
    ['mupdate_server: other.example.jp', 'mupdate_server is set'],
    ['autocreate_post: yes\nautocreate_quota: 0', 'autocreate_post is on'],
    ['defaultdomain: Example.NET', 'defaultdomain has capitals'],
    ['mboxlist_db: skiplist', 'mboxlist_db is skiplist'],
  ])('imapd.conf may say that the list does not decide alone: %s', async (line, reason) => {
    await started('directory = true', `${line}\n`);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/^directory-off\b/), fields: { reason } }),
    );
    expect(logged('directory-ready')).toBe(false);
  });

  test('it ends with a reload that does not want it', async () => {
    const daemon = await started();
    await ready();
    await daemon.reload(await configured('directory = false', ''));
    expect(await asksFor('third@example.jp')).toBeGreaterThan(0);
  });
});

test('without being wanted, there is none', async () => {
  await started('');
  await ask(ALICE);
  expect(await asksFor(NOBODY)).toBeGreaterThan(0);
  expect(logged('directory')).toBe(false);
});
