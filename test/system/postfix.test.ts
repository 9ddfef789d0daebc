// Real Postfix 3.7 in its chroot: what it asks, what it makes of the answers, and that it does not notice when the
// daemon is started anew.

import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { newMarker } from '../containers/lmtp-delivery.js';
import type { MailServer } from '../containers/mail-server.js';
import { createRigMailboxes } from '../containers/mailboxes.js';
import { mainCf, startPostfix } from '../containers/postfix.js';
import { status } from '../containers/smtp.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';

const OK = '250 2.1.5';
const UNKNOWN = '550 5.1.1';
const DEFERRED = '451 4.3.0';
const STRANGER = '127.0.0.2';

function asking(socketmap: string): string {
  return mainCf(
    'virtual_mailbox_domains = example.jp, example.net, nowhere.jp',
    `virtual_mailbox_maps = socketmap:${socketmap}:cyrus`,
  );
}

describe('against a table of answers', () => {
  let folder: string;
  let map: SocketmapServer;
  let postfix: MailServer;
  let asked = 0;
  const keys = (): string[] => map.requests.slice(asked).map((request) => request.replace(/^cyrus /, ''));

  beforeAll(async () => {
    folder = await makeMapFolder();
    const socket = join(folder, 'socketmap');
    map = await startSocketmapServer((key) => {
      if (key.startsWith('full')) return 'TEMP Over quota';
      if (key.startsWith('refused')) return 'PERM refused';
      return /^alice(\+lists)?@/i.test(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist';
    }, socket);
    await chmod(socket, 0o666);
    postfix = await startPostfix({ main: asking('unix:cyrusmapd/socketmap'), mapFolder: folder });
  });
  afterAll(async () => {
    await postfix?.stop();
    await map?.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    asked = map.requests.length;
  });

  test('accepts, refuses and defers at RCPT', async () => {
    const replies = await postfix.rcpt(
      ['alice@example.jp', 'nobody@example.jp', 'full@example.jp'],
      STRANGER,
    );
    expect(replies.map(status)).toEqual([OK, UNKNOWN, DEFERRED]);
    expect(replies[1]?.text).toContain('User unknown in virtual mailbox table');
  });

  // Why the daemon never says PERM.
  test('calls PERM an error of its own', async () => {
    expect((await postfix.rcpt(['refused@example.jp'])).map(status)).toEqual(['451 4.3.5']);
  });

  test('asks in lower case, with the detail, and for a quoted local part both ways', async () => {
    await postfix.rcpt([
      'Alice@Example.JP',
      'alice+Lists@example.jp',
      'nobody+x@example.jp',
      '"al ice"@example.jp',
    ]);
    expect(keys()).toEqual([
      'alice@example.jp',
      'alice+lists@example.jp',
      'nobody+x@example.jp',
      '"al ice"@example.jp',
      'al ice@example.jp',
    ]);
  });

  test('asks for no domain but its virtual ones', async () => {
    const replies = await postfix.rcpt(['root@mx.mail.test', 'a@elsewhere.test'], STRANGER);
    expect(replies.map(status)).toEqual([OK, '554 5.7.1']);
    expect(keys()).toEqual([]);
  });
});

describe('with the daemon, and Cyrus', () => {
  let folder: string;
  let cyrus: CyrusContainer;
  let daemon: DaemonProcess;
  let port: string;
  const servers: MailServer[] = [];

  async function startDaemon(tcp: string): Promise<void> {
    daemon = await DaemonProcess.start({
      listen: [`unix:${join(folder, 'socketmap')}`, `inet:${tcp}@127.0.0.1`],
      config: `
        [backchannel.cyrus]
        type = "lmtp"
        endpoint = "${cyrus.lmtpUnix}"
        canary = "u001@example.jp"

        [socketmap]
        socket_mode = "0666"

        [lookup]
        post_user = "post"
      `,
    });
    port = daemon.endpoints.map((endpoint) => /^inet:(\d+)@/.exec(endpoint)?.[1] ?? '').join('');
  }

  beforeAll(async () => {
    folder = await makeMapFolder();
    cyrus = await startCyrus();
    await createRigMailboxes(cyrus);
    await startDaemon('0');
    for (const socketmap of ['unix:cyrusmapd/socketmap', `inet:127.0.0.1:${port}`]) {
      const main = asking(socketmap);
      servers.push(await startPostfix({ main, mapFolder: folder, lmtpFolder: cyrus.socketFolder }));
    }
  });
  afterAll(async () => {
    for (const postfix of servers) await postfix.stop();
    await daemon?.stop();
    await cyrus?.stop();
    await rm(folder, { recursive: true });
  });

  test('says of each recipient what Cyrus would say at delivery', async () => {
    const table = [
      ['alice@example.jp', OK],
      ['ALICE@Example.JP', OK],
      ['"alice"@example.jp', OK],
      ['alice+lists@example.jp', OK],
      ['alice+NoSuchFolder@example.jp', OK],
      ['first.last@example.jp', OK],
      ['u001@example.net', OK],
      ['post+shared/info@example.jp', OK],
      ['full@example.jp', DEFERRED],
      ['nobody@example.jp', UNKNOWN],
      ['nobody+lists@example.jp', UNKNOWN],
      ['alice@nowhere.jp', UNKNOWN],
      ['MixedCase@example.jp', UNKNOWN],
      ['post+shared/closed@example.jp', UNKNOWN],
      ['"a b"@example.jp', UNKNOWN],
      ['root@example.jp', UNKNOWN],
    ] as const;
    const recipients = table.map(([recipient]) => recipient);
    for (const postfix of servers) {
      const replies = await postfix.rcpt(recipients, STRANGER);
      expect(replies.map((reply, index) => [recipients[index], status(reply)])).toEqual(table);
    }
  });

  test('delivers over LMTP what it has accepted', async () => {
    for (const postfix of servers) {
      const marker = newMarker();
      expect((await postfix.send(['alice+Lists@example.jp'], `Subject: test\n\n${marker}\n`)).code).toBe(250);
      await postfix.logged(/to=<alice\+Lists@example\.jp>.*status=sent/);
      expect(await cyrus.where(marker)).toHaveLength(1);
    }
  });

  test('does not notice that the daemon was started anew', async () => {
    const clients = await Promise.all(servers.map((postfix) => postfix.session()));
    const each = (command: string): Promise<string[]> =>
      Promise.all(clients.map(async (client) => status(await client.command(command))));
    await each('MAIL FROM:<a@sender.test>');
    expect(await each('RCPT TO:<alice@example.jp>')).toEqual([OK, OK]);
    expect(await daemon.stop()).toBe(0);
    await startDaemon(port);
    expect(await each('RCPT TO:<u001@example.jp>')).toEqual([OK, OK]);
    expect(await each('RCPT TO:<nobody@example.jp>')).toEqual([UNKNOWN, UNKNOWN]);
    await each('QUIT');
  });

  test('defers while the daemon is stopped', async () => {
    await daemon.stop();
    for (const postfix of servers) {
      const replies = await postfix.rcpt(['alice@example.jp', 'nobody@example.jp']);
      expect(replies.map(status)).toEqual([DEFERRED, DEFERRED]);
    }
  });
});
