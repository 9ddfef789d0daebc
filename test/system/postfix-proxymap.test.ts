// Postfix 3.7 and 3.10 that asks through proxymap(8), `proxy:socketmap:…`, and postmap(1) with `-q`: what each makes of the answers, how
// many connections are made, and what happens when the daemon takes the place of another one.
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaemonProcess } from '../containers/daemon.js';
import type { MailServer } from '../containers/mail-server.js';
import { mainCf, startPostfix } from '../containers/postfix.js';
import { status } from '../containers/smtp.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';

const OK = '250 2.1.5';
const UNKNOWN = '550 5.1.1';
const DEFERRED = '451 4.3.0';
const STRANGER = '127.0.0.2';
const SOCKETMAP = 'socketmap:unix:/var/spool/postfix/cyrusmapd/socketmap:cyrus';

describe.each(['bookworm', 'trixie'] as const)('Postfix of %s', (suite) => {
  let folder: string;
  let map: SocketmapServer | undefined;
  let daemon: DaemonProcess | undefined;
  let postfix: MailServer;
  const socket = (): string => join(folder, 'socketmap');

  beforeAll(async () => {
    folder = await makeMapFolder();
    map = await startSocketmapServer((key) => {
      if (key.startsWith('full')) return 'TEMP Over quota';
      return key.startsWith('alice') ? `OK ${key}` : 'NOTFOUND Mailbox does not exist';
    }, socket());
    await chmod(socket(), 0o666);
    const main = mainCf(
      'virtual_mailbox_domains = example.jp',
      'virtual_mailbox_maps = proxy:socketmap:unix:cyrusmapd/socketmap:cyrus',
    );
    postfix = await startPostfix({ suite, main, mapFolder: folder });
  });
  afterAll(async () => {
    await postfix?.stop();
    await map?.stop();
    await daemon?.stop();
    await rm(folder, { recursive: true });
  });

  async function startDaemon(): Promise<void> {
    const list = join(folder, 'mailboxes');
    await writeFile(list, 'alice@example.jp\n');
    daemon = await DaemonProcess.start({ listen: [`unix:${socket()}`], flags: ['--list', list] });
    await chmod(socket(), 0o666);
  }

  async function rcpt(...recipients: string[]): Promise<string[]> {
    return (await postfix.rcpt(recipients, STRANGER)).map(status);
  }

  /** What postmap(1) says, its exit status with it. */
  async function postmap(...args: string[]): Promise<string> {
    return (await postfix.exec('sh', '-c', `postmap "$@" 2>&1`, '-', ...args)).trim();
  }

  test('accepts, refuses and defers through proxymap, as without', async () => {
    const said = await rcpt('alice@example.jp', 'ALICE+x@Example.JP', 'nobody@example.jp', 'full@example.jp');
    expect(said).toEqual([OK, OK, UNKNOWN, DEFERRED]);
  });

  test('asks by one connection for all of its SMTP sessions', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => postfix.session(STRANGER)));
    for (const client of clients) await client.command('MAIL FROM:<a@sender.test>');
    const said = await Promise.all(clients.map((client) => client.command('RCPT TO:<alice@example.jp>')));
    expect(said.map(status)).toEqual(Array(5).fill(OK));
    expect(map?.connections()).toBe(1);
    for (const client of clients) await client.quit();
  });

  test('answers postmap -q, with the exit status of its kind', async () => {
    expect(await postmap('-q', 'alice@example.jp', SOCKETMAP)).toBe('alice@example.jp');
    expect(await postmap('-q', 'nobody@example.jp', SOCKETMAP)).toBe('exit status 1');
    expect(await postmap('-q', 'full@example.jp', SOCKETMAP)).toMatch(
      /socketmap server temporary error: Over quota[^]*exit status 1$/,
    );
  });

  test('answers postmap -q through proxymap, for a map that main.cf names and for no other', async () => {
    const named = 'proxy:socketmap:unix:cyrusmapd/socketmap:cyrus';
    expect(await postmap('-q', 'alice@example.jp', named)).toBe('alice@example.jp');
    expect(await postmap('-q', 'nobody@example.jp', named)).toBe('exit status 1');
    expect(await postmap('-q', 'alice@example.jp', `proxy:${SOCKETMAP}`)).toMatch(
      /proxymap service is not configured for table[^]*exit status 1$/,
    );
  });

  test('goes on when the daemon takes that place, and after it was started anew', async () => {
    await map?.stop();
    map = undefined;
    await startDaemon();
    expect(await rcpt('alice@example.jp', 'alice+x@example.jp', 'nobody@example.jp')).toEqual([
      OK,
      OK,
      UNKNOWN,
    ]);
    await daemon?.stop();
    await startDaemon();
    expect(await rcpt('nobody@example.jp', 'alice@example.jp')).toEqual([UNKNOWN, OK]);
    expect(await postmap('-q', 'alice@example.jp', SOCKETMAP)).toBe('alice@example.jp');
  });

  test('defers through proxymap while no daemon is there', async () => {
    await daemon?.stop();
    expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual([DEFERRED, DEFERRED]);
    expect(await postmap('-q', 'alice@example.jp', SOCKETMAP)).toMatch(/exit status 1$/);
  });
});
