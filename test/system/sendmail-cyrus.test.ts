// First light: real Sendmail asks at RCPT time, the daemon asks, real Cyrus decides. One Sendmail has the daemon's UNIX
// socket and one its TCP port, by FEATURE(mrs_cyrus); the third asks by FEATURE(cyrusmap). All must say the same.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { ImapAdmin } from '../containers/imap-admin.js';
import { newMarker } from '../containers/lmtp-delivery.js';
import { createRigMailboxes } from '../containers/mailboxes.js';
import type { MailServer } from '../containers/mail-server.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

const OK = '250 2.1.5';
const UNKNOWN = '550 5.1.1';
const DEFERRED = '451 4.3.0';

const DOMAINS = ['example.jp', 'example.net', 'nowhere.jp'];

const NAMES = ['unix', 'tcp', 'stock'] as const;

const files = {
  ...EMPTY_TABLES,
  virtdomains: DOMAINS.join('\n'),
  aliases: 'root: /dev/null\nalice: /dev/null\n',
};

/** Recipients, and what the sender is told of each. */
const table: readonly (readonly [recipient: string, status: string])[] = [
  ['alice@example.jp', OK],
  ['ALICE@Example.JP', OK],
  ['"alice"@example.jp', OK],
  ['alice@example.jp.', OK],
  ['alice+lists@example.jp', OK],
  ['alice+closed@example.jp', OK],
  ['alice+nosuchfolder@example.jp', OK],
  ['first.last@example.jp', OK],
  ['u001@example.jp', OK],
  ['u001@example.net', OK],
  ['noacl@example.jp', OK],
  ['room@example.jp', OK],
  ['post+shared/info@example.jp', OK],
  ['full@example.jp', DEFERRED],
  ['nobody@example.jp', UNKNOWN],
  ['nobody+lists@example.jp', UNKNOWN],
  ['alice@example.net', UNKNOWN],
  ['alice@nowhere.jp', UNKNOWN],
  ['firstlast@example.jp', UNKNOWN],
  // Made with capitals, and lmtpd folds its recipients: no letter ever reaches it.
  ['MixedCase@example.jp', UNKNOWN],
  ['post+shared/closed@example.jp', UNKNOWN],
  ['post+shared/hidden@example.jp', UNKNOWN],
  ['"a b"@example.jp', UNKNOWN],
  ['"al@ice"@example.jp', UNKNOWN],
  ['"a\\"b"@example.jp', UNKNOWN],
  ['\xc3\xa9mile@example.jp', UNKNOWN],
  ['alice%example.net@example.jp', UNKNOWN],
  ['root@example.jp', UNKNOWN],
  ['root@mx.mail.test', OK],
];

let folder: string;
let cyrus: CyrusContainer;
let daemon: DaemonProcess;
let port: string;
const sendmails: Record<string, MailServer> = {};

function startDaemon(tcp: string): Promise<DaemonProcess> {
  return DaemonProcess.start({
    listen: [`unix:${join(folder, 'socketmap')}`, `inet:${tcp}@127.0.0.1`],
    config: `
      [backchannel.cyrus]
      type = "lmtp"
      endpoint = "${cyrus.lmtpUnix}"
      canary = "u001@example.jp"
      backoff_min = "100ms"
      backoff_max = "100ms"

      [lookup]
      post_user = "post"
    `,
  });
}

beforeAll(async () => {
  folder = await makeMapFolder();
  cyrus = await startCyrus({ users: ['alice@example.jp'] });
  await createRigMailboxes(cyrus);
  daemon = await startDaemon('0');
  const tcp = daemon.endpoints.find((endpoint) => endpoint.startsWith('inet:')) ?? '';
  port = tcp.replace(/^inet:(\d+)@.*$/, '$1');
  const local = 'local:/run/cyrusmapd/socketmap';
  for (const [name, mc, endpoint, hop] of [
    ['unix', 'mailertable.mc', local, 'mrs_cyrus_mailertable:'],
    ['tcp', 'mailertable.mc', tcp, 'mrs_cyrus_mailertable:'],
    ['stock', 'cyrusmap-mailertable.mc', local, 'cyrusv2d:cyrus'],
  ] as const) {
    sendmails[name] = await startSendmail({
      mc: await readMc(mc, endpoint),
      mapFolder: folder,
      lmtpFolder: cyrus.socketFolder,
      files: { ...files, mailertable: DOMAINS.map((domain) => `${domain}\t${hop}\n`).join('') },
      flags: ['-O', 'DeliveryMode=interactive'],
    });
  }
});
afterAll(async () => {
  for (const sendmail of Object.values(sendmails)) await sendmail.stop();
  await daemon?.stop();
  await cyrus?.stop();
  await rm(folder, { recursive: true });
});

function sendmailOf(name: string): MailServer {
  const sendmail = sendmails[name];
  if (sendmail === undefined) throw new Error(`no Sendmail over ${name}`);
  return sendmail;
}

/** What all say, which has to be the same. */
async function rcpt(...recipients: string[]): Promise<string[]> {
  const all = await Promise.all(
    NAMES.map(async (name) => (await sendmailOf(name).rcpt(recipients)).map(status)),
  );
  const [first = []] = all;
  expect(all).toEqual(NAMES.map(() => first));
  return first;
}

describe.each(NAMES)('Sendmail: %s', (name) => {
  test('says of each recipient what Cyrus would say at delivery', async () => {
    const replies = await sendmailOf(name).rcpt(table.map(([recipient]) => recipient));
    const said = replies.map((reply, index) => [table[index]?.[0], status(reply)]);
    expect(said).toEqual(table);
  });

  test('delivers over LMTP what it has accepted, to be read over IMAP', async () => {
    const marker = newMarker();
    const message = `Subject: ${marker}\nFrom: a@sender.test\nTo: alice@example.jp\n\nread me\n`;
    expect((await sendmailOf(name).send(['Alice@example.jp'], message)).code).toBe(250);
    const port = Number(/\d+/.exec(cyrus.imap)?.[0]);
    const alice = await ImapAdmin.login(port, 'alice@example.jp', PASSWORD);
    await alice.command('SELECT INBOX');
    const found = await alice.command(`SEARCH SUBJECT "${marker}"`);
    const number = /^\* SEARCH (\d+)/.exec(found[0] ?? '')?.[1];
    expect((await alice.command(`FETCH ${number} BODY.PEEK[TEXT]`)).join('\n')).toContain('read me');
    await alice.close();
    expect(await cyrus.where(marker)).toEqual(['user/alice@example.jp']);
  });
});

// Sendmail gives up at 30 s, and would take what comes after that for the answer to its next question.
test('nobody gets the reply for another recipient after the daemon stood still', async () => {
  const clients = await Promise.all(NAMES.map((name) => sendmailOf(name).session()));
  const each = (command: string): Promise<string[]> =>
    Promise.all(clients.map(async (client) => status(await client.command(command))));
  const all = (answer: string): string[] => NAMES.map(() => answer);
  await each('MAIL FROM:<a@sender.test>');
  expect(await each('RCPT TO:<alice@example.jp>')).toEqual(all(OK));
  daemon.kill('SIGSTOP');
  const asked = performance.now();
  expect(await each('RCPT TO:<alice@example.jp>')).toEqual(all(DEFERRED));
  expect(performance.now() - asked).toBeGreaterThan(29_000);
  daemon.kill('SIGCONT');
  await daemon.logged(/"event":"stalled"/);
  // Inside of parse it has kept its connection, finds it ended, and connects anew then; FEATURE(cyrusmap) has closed it.
  expect(await each('RCPT TO:<alice@example.jp>')).toEqual([DEFERRED, DEFERRED, OK]);
  for (let times = 0; times < 3; times++) {
    expect(await each('RCPT TO:<nobody@example.jp>')).toEqual(all(UNKNOWN));
    expect(await each('RCPT TO:<alice@example.jp>')).toEqual(all(OK));
  }
  for (const client of clients) await client.quit();
  expect(await rcpt('nobody@example.jp', 'alice@example.jp')).toEqual([UNKNOWN, OK]);
});

test('defers while the daemon is stopped, and not a moment longer', async () => {
  expect(await daemon.stop()).toBe(0);
  expect(await rcpt('alice@example.jp', 'nobody@example.jp', 'root@mx.mail.test')).toEqual([
    DEFERRED,
    DEFERRED,
    OK,
  ]);
  daemon = await startDaemon(port);
  expect(await rcpt('nobody@example.jp', 'alice@example.jp')).toEqual([UNKNOWN, OK]);
});

test('refuses nobody while Cyrus is stopped', async () => {
  expect(await rcpt('alice@example.jp')).toEqual([OK]);
  await cyrus.stopMaster();
  const said = await rcpt(
    'alice@example.jp',
    'first.last@example.jp',
    'never-asked@example.jp',
    'full@example.jp',
  );
  expect(said).toEqual([OK, DEFERRED, DEFERRED, DEFERRED]);
  await cyrus.startMaster();
});

test('refuses nobody while Cyrus has lost its mailboxes', async () => {
  await daemon.stop();
  daemon = await startDaemon(port);
  await cyrus.exec(['mv', '/var/lib/cyrus/mailboxes.db', '/var/lib/cyrus/away.db']);
  const said = await rcpt('alice@example.jp', 'first.last@example.jp', 'nobody@example.jp');
  await cyrus.exec(['mv', '/var/lib/cyrus/away.db', '/var/lib/cyrus/mailboxes.db']);
  expect(said).toEqual([DEFERRED, DEFERRED, DEFERRED]);
});
