// What it costs a live SMTP session that the daemon ends its connection: one 451, and then real Sendmail connects anew.
// It asks inside of parse by FEATURE(mrs_cyrus), where a write that fails would cost the rest of the session, and by
// FEATURE(cyrusmap).

import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaemonProcess } from '../containers/daemon.js';
import type { MailServer } from '../containers/mail-server.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { status, type SmtpClient } from '../containers/smtp.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

const OK = '250 2.1.5';
const DEFERRED = '451 4.3.0';

describe.each([
  ['mrs_cyrus over UNIX', 'mailertable.mc', 'unix', 'mrs_cyrus_mailertable:'],
  ['mrs_cyrus over TCP', 'mailertable.mc', 'inet', 'mrs_cyrus_mailertable:'],
  ['cyrusmap over UNIX', 'cyrusmap-mailertable.mc', 'unix', 'cyrusv2d:cyrus'],
] as const)('%s', (_name, mc, transport, hop) => {
  let folder: string;
  let daemon: DaemonProcess;
  let endpoint: string;
  let sendmail: MailServer;

  beforeAll(async () => {
    folder = await makeMapFolder();
    await writeFile(join(folder, 'mailboxes'), 'alice@example.jp\n');
    daemon = await startDaemon(transport === 'unix' ? `unix:${folder}/socketmap` : 'inet:0@127.0.0.1');
    endpoint = daemon.endpoints[0] ?? '';
    sendmail = await startSendmail({
      mc: await readMc(mc, transport === 'unix' ? 'local:/run/cyrusmapd/socketmap' : endpoint),
      mapFolder: folder,
      files: {
        ...EMPTY_TABLES,
        mailertable: `example.jp\t${hop}\n`,
        virtdomains: 'example.jp\n',
      },
    });
  });
  afterAll(async () => {
    await sendmail?.stop();
    await daemon?.stop();
    await rm(folder, { recursive: true });
  });

  function startDaemon(listen: string): Promise<DaemonProcess> {
    return DaemonProcess.start({
      listen: [listen],
      config: `
        [socketmap]
        idle_timeout = "10s"
        max_connections = 3

        [backchannel.cyrus]
        type = "list"
        file = "${folder}/mailboxes"

        [log]
        level = "debug"
      `,
    });
  }

  /** An SMTP session that has asked, and holds its connection. */
  async function session(): Promise<SmtpClient> {
    const client = await sendmail.session();
    await client.command('MAIL FROM:<a@sender.test>');
    expect(await rcpt(client)).toEqual([OK]);
    return client;
  }

  async function rcpt(client: SmtpClient, times = 1): Promise<string[]> {
    const said: string[] = [];
    for (let time = 0; time < times; time++)
      said.push(status(await client.command('RCPT TO:<alice@example.jp>')));
    return said;
  }

  /** Resolves when the daemon serves that many connections. */
  async function serves(connections: number): Promise<void> {
    for (let lines = daemon.log(/"event":"stats"/).length; ; lines++) {
      daemon.kill('SIGUSR2');
      const line = await daemon.logged(/"event":"stats"/, lines + 1);
      if (line.includes(`"connections":${connections},`)) return;
    }
  }

  test('a session that is silent for idle_timeout is deferred once', async () => {
    const client = await session();
    await daemon.logged(/"reason":"idle"/);
    expect(await rcpt(client, 3)).toEqual([DEFERRED, OK, OK]);
    await client.quit();
  });

  test('a session over max_connections is deferred until there is room', async () => {
    await serves(0);
    const [first, second, third] = [await session(), await session(), await session()];
    const fourth = await sendmail.session();
    await fourth.command('MAIL FROM:<a@sender.test>');
    expect(await rcpt(fourth, 3)).toEqual([DEFERRED, DEFERRED, DEFERRED]);
    await first.quit();
    await serves(2);
    expect(await rcpt(fourth, 2)).toEqual([OK, OK]);
    expect(await rcpt(second)).toEqual([OK]);
    for (const client of [second, third, fourth]) await client.quit();
  });

  // Whom Sendmail could not connect to, it does not try again in that session: so a stop is no longer than it must be.
  test('a session that asks while the daemon drains is served by the next one, if it asks once', async () => {
    await serves(0);
    const [once, twice] = [await session(), await session()];
    const slow = await beginRequest();
    const stopped = daemon.stop();
    await daemon.logged(/"event":"draining"/);
    expect(await rcpt(once)).toEqual([DEFERRED]);
    expect(await rcpt(twice, 2)).toEqual([DEFERRED, DEFERRED]);
    slow.end('us alice@example.jp,');
    await stopped;
    daemon = await startDaemon(endpoint);
    expect(await rcpt(once, 2)).toEqual([OK, OK]);
    expect(await rcpt(twice, 2)).toEqual([DEFERRED, DEFERRED]);
    for (const client of [once, twice]) await client.quit();
  });

  /** What the daemon waits for when it drains. */
  async function beginRequest() {
    const port = Number(/\d+/.exec(endpoint)?.[0]);
    const socket = transport === 'unix' ? connect(`${folder}/socketmap`) : connect(port, '127.0.0.1');
    socket.write('22:cyr');
    await serves(3);
    return socket;
  }
});
