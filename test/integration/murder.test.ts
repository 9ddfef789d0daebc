// A murder with a fake mupdate master and two fake lmtpds: what mail servers hear while mailboxes are made, moved and deleted,
// and while the master is away, empty, restarted, a slave, or says nonsense.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { FakeMaster } from '../fakes/mupdate-master.js';
import { afterwards, recordingLog, temporaryFolder, type Line } from './socketmap-rig.js';

const B1 = 'b1.example.jp';
const B2 = 'b2.example.jp';

let folder: string;
let master: FakeMaster;
let b1: LmtpServer;
let b2: LmtpServer;
let lines: Line[];
let daemon: Daemon;
let ask: (local: string) => Promise<string>;

beforeEach(async () => {
  folder = temporaryFolder();
  lines = [];
  master = await FakeMaster.listen();
  afterwards(() => master.stop());
  [b1, b2] = [await LmtpServer.listen(join(folder, 'b1')), await LmtpServer.listen(join(folder, 'b2'))];
  for (const lmtpd of [b1, b2]) afterwards(() => lmtpd.stop());
  writeFileSync(join(folder, 'password'), 'secret\n', { mode: 0o600 });
  for (const local of ['canary1', 'alice']) make(local, B1);
  for (const local of ['canary2', 'carol']) make(local, B2);
});

/** A mailbox is made on a server, which tells the master before it is done. */
function make(local: string, server: string): void {
  master.create(nameOf(local), server);
  lmtpdOf(server).mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
}

function remove(local: string): void {
  master.delete(nameOf(local));
  for (const each of [b1, b2]) each.mailboxes.delete(`${local}@example.jp`);
}

function lmtpdOf(server: string): LmtpServer {
  return server === B1 ? b1 : b2;
}

function nameOf(local: string): string {
  return `example.jp!user.${local.replaceAll('.', '^')}`;
}

function configuration(more: string): string {
  const backend = (name: string, lmtpd: LmtpServer): string => `
    [backchannel.${name}]
    type = "lmtp"
    endpoint = "${lmtpd.endpoint}"
    canary = "canary${name.slice(1)}@example.jp"
    autocreate = "accept"
    backoff_min = "100ms"
    backoff_max = "100ms"`;
  return `
    socketmap.listen = ["unix:${join(folder, 'socketmap')}"]
    domains = { "example.jp" = "murder" }
    ${backend('b1', b1)}
    ${backend('b2', b2)}
    [lookup]
    deadline = "5s"
    [backchannel.murder]
    type = "mupdate"
    endpoint = "inet:${master.port}@127.0.0.1"
    user = "mupdate"
    password_file = "${join(folder, 'password')}"
    servers = { "${B1}" = "b1", "${B2}" = "b2" }
    backoff_min = "100ms"
    backoff_max = "200ms"
    ${more}`;
}

/** @param more keys of the murder, then tables */
async function start(more = 'heartbeat = "60s"'): Promise<void> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, configuration(more));
  const { config } = await loadConfig({ config: file });
  daemon = await Daemon.start(config, recordingLog(lines));
  afterwards(() => daemon.stop());
  while (!lines.some(({ message }) => message === 'mupdate-ready' || message === 'mupdate-down'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  const client = await SocketmapConnection.connect({ kind: 'unix', path: join(folder, 'socketmap') });
  afterwards(() => client.close());
  ask = async (local) => {
    const { status, text } = await client.lookup('cyrus', `${local}@example.jp`);
    return status === 'TEMP' ? `TEMP ${text}` : status;
  };
}

/** Until the list is held, or is not: told by the log. */
async function until(verb: string, times = 1): Promise<Line> {
  for (;;) {
    const found = linesOf(verb);
    const last = found[times - 1];
    if (last !== undefined) return last;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function linesOf(verb: string): Line[] {
  return lines.filter(({ message }) => message === verb);
}

function murder() {
  return daemon.operator.figures().backchannels.find(({ name }) => name === 'murder');
}

describe('a murder', () => {
  test('each mailbox is asked about where it is, and nobody else is asked', async () => {
    await start();
    expect([await ask('alice'), await ask('carol')]).toEqual(['OK', 'OK']);
    expect(b1.recipients).toEqual(['alice@example.jp']);
    expect(b2.recipients).toEqual(['carol@example.jp']);
    expect(master.noops).toBe(0);
  });

  test('whoever is on no server is unknown after one NOOP, which all share who wait', async () => {
    await start();
    expect(await ask('alice')).toBe('OK');
    const clients = await Promise.all(
      Array.from({ length: 50 }, () =>
        SocketmapConnection.connect({ kind: 'unix', path: join(folder, 'socketmap') }),
      ),
    );
    for (const client of clients) afterwards(() => client.close());
    master.noopMs = 100;
    const said = await Promise.all(
      clients.map((client, i) => client.lookup('cyrus', `nobody${i}@example.jp`)),
    );
    expect(said.map(({ status }) => status)).toEqual(clients.map(() => 'NOTFOUND'));
    expect(master.noops).toBeLessThan(10);
    for (const lmtpd of [b1, b2])
      expect(lmtpd.recipients).toEqual(expect.arrayContaining(['nobody0@example.jp', 'nobody49@example.jp']));
  });

  test('a mailbox that was made a moment ago is there, a hundred times in a row', async () => {
    await start();
    for (let i = 0; i < 100; i++) {
      expect(await ask(`new${i}`)).toBe('NOTFOUND');
      make(`new${i}`, i % 2 === 0 ? B1 : B2);
      expect(await ask(`new${i}`)).toBe('OK');
    }
  });

  test('one that was deleted is forgotten as soon as the master tells it', async () => {
    await start();
    await known('alice');
    remove('alice');
    expect(await ask('alice')).toBe('OK');
    master.flush();
    await changed(() => murder()?.list?.mailboxes === 3);
    expect(await ask('alice')).toBe('NOTFOUND');
  });

  test('the heartbeat is such a moment', async () => {
    await start('heartbeat = "100ms"');
    await known('alice');
    remove('alice');
    await changed(() => murder()?.list?.mailboxes === 3);
    expect(await ask('alice')).toBe('NOTFOUND');
  });

  test('one that is moved is never unknown, whoever has it in between', async () => {
    await start('heartbeat = "60s"\n[cache]\nknown_ttl = "1s"');
    master.reserve(nameOf('alice'), B1);
    expect(await ask('alice')).toBe('OK');
    b1.mailboxes.delete('alice@example.jp');
    await daemon.operator.flush({ what: 'all' });
    expect(await ask('alice')).toMatch(/^TEMP the mupdate master lists the mailbox/);
    make('alice', B2);
    expect(await ask('alice')).toBe('OK');
    expect(b2.recipients).toContain('alice@example.jp');
  });

  test('neither half of it writes to the master, nor asks for TLS', async () => {
    await start('heartbeat = "100ms"');
    expect([await ask('alice'), await ask('nobody')]).toEqual(['OK', 'NOTFOUND']);
    await daemon.stop();
    const harmless = ['AUTHENTICATE', 'UPDATE', 'NOOP', 'LOGOUT'];
    expect(master.commands.filter((command) => !harmless.includes(command))).toEqual([]);
  });
});

describe('a master that lost its list', () => {
  test('denies nobody: its new list lacks the witness of a server', async () => {
    await start('heartbeat = "100ms"');
    expect([await ask('carol'), await ask('nobody')]).toEqual(['OK', 'NOTFOUND']);
    await master.stop();
    await until('mupdate-down');
    master.entries.clear();
    for (const local of ['canary1', 'alice']) make(local, B1);
    await master.start();
    await until('mupdate-ready', 2);
    expect(await ask('alice')).toBe('OK');
    expect(await ask('carol')).toMatch(/^TEMP the mupdate master does not list the witness canary2/);
    expect(await ask('nobody')).toMatch(/^TEMP the mupdate master does not list the witness canary2/);
  });

  test('and has half of it again denies nobody who is on a server', async () => {
    master.delete(nameOf('carol'));
    await start();
    expect(await ask('carol')).toMatch(/^TEMP b2 has the mailbox, and the mupdate master does not list/);
    expect(await ask('nobody')).toBe('NOTFOUND');
  });

  test('a new list outdates what was known before it', async () => {
    await start('heartbeat = "100ms"');
    await known('alice');
    await master.stop();
    remove('alice');
    await until('mupdate-down');
    expect(await ask('alice')).toBe('OK');
    await master.start();
    await until('mupdate-ready', 2);
    expect(await ask('alice')).toBe('NOTFOUND');
  });
});

describe('a master that is away', () => {
  test('whom a server has is found, and nobody is unknown, until the new list is complete', async () => {
    await start('heartbeat = "100ms"');
    expect(await ask('nobody')).toBe('NOTFOUND');
    await master.stop();
    await until('mupdate-down');
    expect([await ask('alice'), await ask('carol')]).toEqual(['OK', 'OK']);
    expect(await ask('nobody')).toMatch(/^TEMP the mupdate master cannot be asked/);
    expect(murder()).toMatchObject({ state: 'down', sessions: 0 });
    expect(daemon.operator.readiness().ready).toBe(true);
    await master.start();
    await until('mupdate-ready', 2);
    expect(await ask('nobody')).toBe('NOTFOUND');
    expect(murder()).toMatchObject({ state: 'up', list: { loads: 2, mailboxes: 4 } });
  });

  test('and does not say so is found out by its NOOP', async () => {
    await start('heartbeat = "100ms"\nreply_timeout = "300ms"');
    expect(await ask('alice')).toBe('OK');
    master.silent = (command) => command === 'NOOP';
    expect(await ask('nobody')).toMatch(/^TEMP/);
    expect((await until('mupdate-down')).fields).toMatchObject({ error: 'no reply within 300 ms' });
    master.silent = () => false;
    await until('mupdate-ready', 2);
    expect(await ask('nobody')).toBe('NOTFOUND');
  });

  test('from the start on: whom a server has is found', async () => {
    await master.stop();
    await start();
    expect([await ask('alice'), await ask('carol')]).toEqual(['OK', 'OK']);
    expect(await ask('nobody')).toMatch(/^TEMP the mupdate master cannot be asked: no connection/);
  });

  test('a known mailbox of a server that is away is served, and no other of it', async () => {
    await start('heartbeat = "60s"\n[cache]\nknown_ttl = "1s"');
    make('dave', B2);
    expect(await ask('carol')).toBe('OK');
    await b2.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect([await ask('carol'), await ask('alice')]).toEqual(['OK', 'OK']);
    expect(await ask('dave')).toMatch(/^TEMP/);
    expect(await ask('nobody')).toMatch(/^TEMP/);
  });
});

describe('who is no such master', () => {
  test('a slave is not believed, and that is said', async () => {
    master.role = '"mupdate://mupdate.example.jp"';
    await start();
    expect((await until('mupdate-down')).fields).toMatchObject({
      error: 'the mupdate server is a slave of mupdate://mupdate.example.jp: only a master can be believed',
    });
    expect(await ask('nobody')).toMatch(/^TEMP/);
    expect(await ask('alice')).toBe('OK');
    expect(master.commands).not.toContain('AUTHENTICATE');
  });

  test('a refused login is not tried again soon', async () => {
    master.password = 'another';
    await start();
    const { fields } = await until('mupdate-down');
    expect(fields).toMatchObject({ error: 'user mupdate: login with PLAIN refused: undefined error!' });
    expect((fields as { pauseMs: number }).pauseMs).toBeGreaterThan(200_000);
  });

  test.each([
    ['nonsense in the list', (tag: string) => `${tag} MAILBOX x\r\n`],
    ['a location without a server', (tag: string) => `${tag} MAILBOX user.x nowhere ""\r\n`],
    ["another's tag", () => 'X9 DELETE user.x\r\n'],
    ['the end of another command', () => 'X9 OK "streaming starts"\r\n'],
    ['a refusal', (tag: string) => `${tag} NO "not now"\r\n`],
    ['a farewell', () => '* BYE "going down"\r\n'],
    ['silence', () => ''],
  ])('%s: nobody is unknown', async (_, list) => {
    master.list = list;
    await start('reply_timeout = "300ms"');
    await until('mupdate-down');
    expect(await ask('alice')).toBe('OK');
    expect(await ask('nobody')).toMatch(/^TEMP the mupdate master cannot be asked/);
    master.list = undefined;
    await until('mupdate-ready');
    expect(await ask('nobody')).toBe('NOTFOUND');
  });

  test('one that lists more users than are taken is not believed', async () => {
    for (let i = 0; i < 1_000; i++) master.create(nameOf(`many${i}`), B1);
    await start('max_mailboxes = 1000');
    expect((await until('mupdate-down')).fields).toMatchObject({
      error: 'the mupdate master lists over 1000 users: max_mailboxes must be higher',
    });
    expect(await ask('nobody')).toMatch(/^TEMP/);
  });
});

describe('a server that is not named', () => {
  test('is told once, its mailboxes are deferred, and nobody is unknown any more, whatever a new list says', async () => {
    make('erin', B2);
    master.create(nameOf('frank'), 'b3.example.jp');
    master.create(nameOf('grace'), 'b3.example.jp');
    await start('heartbeat = "100ms"');
    expect((await until('mupdate-server')).fields).toMatchObject({ server: 'b3.example.jp' });
    expect(await ask('frank')).toBe(
      'TEMP the mailbox is on b3.example.jp, which backchannel.murder.servers does not name',
    );
    expect(await ask('erin')).toBe('OK');
    expect(await ask('nobody')).toMatch(/^TEMP the murder has the server b3/);
    for (const local of ['frank', 'grace']) master.delete(nameOf(local));
    master.drop();
    await until('mupdate-ready', 2);
    expect(await ask('nobody')).toMatch(/^TEMP the murder has the server b3/);
    expect(linesOf('mupdate-server')).toHaveLength(1);
  });
});

describe('a reload', () => {
  test('keeps the list where nothing of the murder has changed, and has it anew where something has', async () => {
    await start();
    await until('mupdate-ready');
    const file = join(folder, 'cyrusmapd.toml');
    writeFileSync(file, `${configuration('heartbeat = "60s"')}\n[cache]\nknown_ttl = "30s"`);
    await daemon.reload((await loadConfig({ config: file })).config);
    expect(murder()).toMatchObject({ state: 'up', list: { loads: 1 } });
    expect(await ask('nobody')).toBe('NOTFOUND');
    writeFileSync(file, configuration('heartbeat = "50s"'));
    await daemon.reload((await loadConfig({ config: file })).config);
    await until('mupdate-ready', 2);
    expect(await ask('nobody')).toBe('NOTFOUND');
    await changed(() => master.subscribers === 1);
  });
});

/** Asks until the answer is remembered: not so what was asked in the same tick as the list. */
async function known(local: string): Promise<void> {
  const asked = (): number => b1.recipients.length + b2.recipients.length;
  for (let before = -1; before !== asked();) {
    before = asked();
    expect(await ask(local)).toBe('OK');
  }
}

async function changed(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
