// As real as Cyrus' own word, with nothing configured but where to listen: after each tagged OK of an administrator who
// makes, deletes, renames or shares mailboxes, the very next answer is the new truth. CHANGES=5000 for the whole proof; CLOCK=off
// for the same without the clock: nobody who exists is unknown even then, since no "no" is remembered.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { completeFromCyrus } from '../../src/backchannels/cyrus-host.js';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { silentLog } from '../../src/log/log.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import type { ImapAdmin } from '../containers/imap-admin.js';

const CLOCK = process.env['CLOCK'] !== 'off';
/** Of each suite; the short form. */
const CHANGES = Number(process.env['CHANGES'] ?? 150);
const ADMINS = 2;
/** Connections that ask about everybody without pause, so that everything is remembered. */
const ASKERS = 8;
const NAMES = 12;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Park and Miller's: the same changes in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

async function daemonBeside(cyrus: CyrusContainer): Promise<{ daemon: Daemon; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'now-'));
  folders.push(folder);
  const path = join(folder, 'socketmap');
  const imapdConf = join(folder, 'imapd.conf');
  const { socketFolder } = cyrus;
  await writeFile(
    imapdConf,
    [
      `configdirectory: ${folder}`,
      `mboxlist_db_path: ${socketFolder}/mailboxes.db`,
      `lmtpsocket: ${socketFolder}/lmtp`,
      'virtdomains: userid\ndefaultdomain: rig.test\npostuser: post\n',
    ].join('\n'),
  );
  const file = join(folder, 'cyrusmapd.toml');
  const clock = CLOCK ? '' : '[cyrus]\nclock = false\n';
  await writeFile(file, `[socketmap]\nlisten = ["unix:${path}"]\n${clock}`);
  const { config } = await loadConfig({ config: file }, (table) => completeFromCyrus(table, [imapdConf]));
  return { daemon: await Daemon.start(config, silentLog), path };
}

/** One administrator's mailboxes, and what they are by his last tagged OK. */
class Changer {
  readonly wrong: string[] = [];
  readonly deferred: string[] = [];
  readonly names: readonly string[];
  readonly #admin: ImapAdmin;
  readonly #client: SocketmapConnection;
  readonly #random: (below: number) => number;
  readonly #exists = new Set<string>();

  constructor(
    admin: ImapAdmin,
    client: SocketmapConnection,
    random: (below: number) => number,
    prefix: string,
  ) {
    this.#admin = admin;
    this.#client = client;
    this.#random = random;
    this.names = Array.from({ length: NAMES }, (_, i) => `${prefix}${i}@example.jp`);
  }

  async change(): Promise<void> {
    const name = this.#pick(this.names) ?? '';
    const there = [...this.#exists];
    const other = this.#pick(there);
    if (!this.#exists.has(name)) {
      if (other !== undefined && this.#random(3) === 0) await this.#rename(other, name);
      else await this.#create(name);
    } else if (this.#random(3) === 0) await this.#share(name);
    else await this.#delete(name);
    const checked = [name, other, this.#pick(this.names)].filter((each) => each !== undefined);
    for (const each of checked) await this.#check(each);
  }

  #pick(items: readonly string[]): string | undefined {
    return items[this.#random(Math.max(1, items.length))];
  }

  async #create(name: string): Promise<void> {
    await unlocked(() => this.#admin.create(`user/${name}`));
    this.#exists.add(name);
  }

  async #delete(name: string): Promise<void> {
    await unlocked(() => this.#admin.delete(`user/${name}`));
    this.#exists.delete(name);
  }

  async #rename(from: string, to: string): Promise<void> {
    await unlocked(() => this.#admin.setacl(`user/${from}`, 'cyrus', 'lrswipkxtecda'));
    await unlocked(() => this.#admin.rename(`user/${from}`, `user/${to}`));
    this.#exists.delete(from);
    this.#exists.add(to);
  }

  async #share(name: string): Promise<void> {
    const rights = this.#random(2) === 0 ? 'lrsp' : 'lrs';
    await unlocked(() => this.#admin.setacl(`user/${name}`, 'anyone', rights));
  }

  async #check(name: string): Promise<void> {
    const expected = this.#exists.has(name) ? 'OK' : 'NOTFOUND';
    const { status, text } = await this.#client.lookup('cyrus', name);
    if (status === 'TEMP') this.deferred.push(`${name}: ${text}`);
    else if (!CLOCK && expected === 'NOTFOUND') return;
    else if (status !== expected) this.wrong.push(`${name} ${status}, but it is ${expected}`);
  }
}

/** Cyrus 3.2 changes nothing, and says so, where an lmtpd that is asked has the mailbox open in the same moment. */
async function unlocked(change: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await change();
      return;
    } catch (error) {
      if (!String(error).includes('Mailbox is locked')) throw error;
    }
  }
}

async function askWithoutPause(client: SocketmapConnection, names: readonly string[], going: () => boolean) {
  for (let i = 0; going(); i++) await client.lookup('cyrus', names[i % names.length] ?? '');
}

describe.each(SUITES)('Cyrus of %s', (suite: Suite) => {
  test('is never behind its own word', { timeout: 120_000 + CHANGES * 200 }, async () => {
    const cyrus = await startCyrus({
      suite,
      // Else a name cannot be deleted twice within a second.
      imapd: { mboxlist_db_path: '/run/cyrus/socket/mailboxes.db', delete_mode: 'immediate' },
    });
    const clients: SocketmapConnection[] = [];
    const asking: Promise<void>[] = [];
    let going = true;
    let daemon: Daemon | undefined;
    try {
      const beside = await daemonBeside(cyrus);
      daemon = beside.daemon;
      const connect = async () => {
        const client = await SocketmapConnection.connect({ kind: 'unix', path: beside.path });
        clients.push(client);
        return client;
      };
      const first = await cyrus.admin();
      await first.create('user/always@example.jp');
      expect((await (await connect()).lookup('cyrus', 'always@example.jp')).status).toBe('OK');

      const changers: Changer[] = [];
      for (let i = 0; i < ADMINS; i++) {
        changers.push(new Changer(await cyrus.admin(), await connect(), randomOf(7 + i), `a${i}x`));
      }
      const names = ['always@example.jp', ...changers.flatMap((changer) => changer.names)];
      for (let i = 0; i < ASKERS; i++) asking.push(askWithoutPause(await connect(), names, () => going));
      await Promise.all(
        changers.map(async (changer) => {
          for (let i = 0; i < CHANGES / ADMINS; i++) await changer.change();
        }),
      );
      expect(changers.flatMap(({ wrong }) => wrong)).toEqual([]);
      const deferred = changers.flatMap((changer) => changer.deferred);
      expect(deferred.length, deferred.join('\n')).toBeLessThan(CHANGES / 20 + 3);
    } finally {
      going = false;
      await Promise.all(asking);
      for (const client of clients) client.close();
      await daemon?.stop();
      await cyrus.stop();
    }
  });
});
