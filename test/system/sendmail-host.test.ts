// The whole set-up of cf/hostname.mc, as it is shipped, with the m4 files of FreeBSD's port: TLS with two certificates,
// SMTP AUTH from sasldb, recipients asked of Cyrus through the daemon, and the server's own side apart from the virtual
// domains.

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import type { ImapAdmin } from '../containers/imap-admin.js';
import { newMarker } from '../containers/lmtp-delivery.js';
import { authenticate } from '../containers/sasl-client.js';
import type { MailServer } from '../containers/mail-server.js';
import { startSendmail } from '../containers/sendmail.js';
import { status, type SmtpClient } from '../containers/smtp.js';
import { makeMapFolder } from './map-folder.js';

const HOST = 'mx.example.org';
const STRANGER = '127.0.0.2';
const MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN'] as const;

let folder: string;
let cyrus: CyrusContainer;
let admin: ImapAdmin;
let daemon: DaemonProcess;
let sendmail: MailServer;
let ca: string;

function shipped(name: string): Promise<string> {
  return readFile(new URL(`../../cf/${name}`, import.meta.url), 'utf8');
}

beforeAll(async () => {
  folder = await makeMapFolder();
  cyrus = await startCyrus();
  admin = await cyrus.admin();
  for (const user of ['alice', 'bob']) await admin.create(`user/${user}@example.jp`);
  daemon = await DaemonProcess.start({
    listen: [`unix:${join(folder, 'socketmap')}`],
    flags: ['--lmtp', cyrus.lmtpUnix, '--canary', 'alice@example.jp'],
  });
  sendmail = await startSendmail({
    mc: await shipped('hostname.mc'),
    tree: 'port',
    mapFolder: folder,
    mapTarget: '/var/run/cyrusmapd',
    lmtpFolder: cyrus.socketFolder,
    lmtpTarget: '/var/imap/socket',
    files: {
      mailertable: await shipped('mailertable'),
      virtdomains: `${await shipped('virtdomains')}forgotten.jp\n`,
      '/etc/sasl2/Sendmail.conf': await shipped('Sendmail.conf'),
      virtusertable: 'team@example.jp\tteam\ninfo@example.jp\tbob@example.jp\n',
      access: '',
      virtaliases: 'team: alice@example.jp, bob@example.jp\nbob: root\n',
      aliases: 'team: root\npostmaster: root\nalice: root\n',
    },
    flags: ['-O', 'DeliveryMode=interactive'],
    environment: { CERTIFICATES_FOR: HOST, SASL_USERS: 'alice@example.jp', SASL_PASSWORD: PASSWORD },
  });
  ca = await sendmail.exec('cat', '/usr/local/etc/ssl/root.pem');
});
afterAll(async () => {
  await sendmail?.stop();
  await daemon?.stop();
  await cyrus?.stop();
  await rm(folder, { recursive: true });
});

/** A session from elsewhere, under TLS. */
async function secureSession(): Promise<SmtpClient> {
  const client = await sendmail.session(STRANGER);
  await client.startTls({ ca, servername: HOST });
  return client;
}

/** Sends a message from elsewhere and says where it is: mailboxes of Cyrus, and `root` for the system's mailbox. */
async function deliver(...recipients: string[]): Promise<string[]> {
  const marker = newMarker();
  const client = await sendmail.session(STRANGER);
  expect(status(await client.command('MAIL FROM:<a@sender.test>'))).toBe('250 2.1.0');
  for (const recipient of recipients) {
    expect(await client.command(`RCPT TO:<${recipient}>`)).toMatchObject({ code: 250 });
  }
  expect(await client.data(`Subject: test\n\n${marker}\n`)).toMatchObject({ code: 250 });
  await client.quit();
  const spool = await sendmail.exec('sh', '-c', `grep -ls ${marker} /var/mail/root || true`);
  return [...(await cyrus.where(marker)), ...(spool.includes('root') ? ['root'] : [])];
}

describe('STARTTLS', () => {
  test.each([
    ['ECC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
    ['RSA', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
    ['ECC', { minVersion: 'TLSv1.3', sigalgs: 'ecdsa_secp256r1_sha256' }],
  ] as const)('with the %s certificate and its whole chain: %o', async (kind, wanted) => {
    const client = await sendmail.session(STRANGER);
    const { chain } = await client.startTls({ ca, servername: HOST, ...wanted });
    expect(chain).toEqual([`${HOST} (${kind})`, 'Test Intermediate', 'Test Root']);
    expect(await client.ehlo()).not.toContain('STARTTLS');
    await client.quit();
  });
});

describe('SMTP AUTH', () => {
  test('offers PLAIN under TLS only', async () => {
    const plain = await offered(await sendmail.session(STRANGER));
    expect(plain).not.toContain('PLAIN');
    const secure = await offered(await secureSession());
    expect(secure.sort()).toEqual([...MECHANISMS].sort());
  });

  test.each(MECHANISMS)('%s lets its user relay, and asks for recipients all the same', async (mechanism) => {
    const client = await secureSession();
    await client.ehlo();
    expect(await authenticate(client, mechanism, 'alice@example.jp', PASSWORD)).toMatchObject({ code: 235 });
    expect(status(await client.command('MAIL FROM:<alice@example.jp>'))).toBe('250 2.1.0');
    expect(status(await client.command('RCPT TO:<someone@elsewhere.test>'))).toBe('250 2.1.5');
    expect(status(await client.command('RCPT TO:<alice@example.jp>'))).toBe('250 2.1.5');
    expect(status(await client.command('RCPT TO:<nobody@example.jp>'))).toBe('550 5.1.1');
    await client.quit();
  });

  test.each(MECHANISMS)('%s refuses a wrong password', async (mechanism) => {
    const client = await secureSession();
    await client.ehlo();
    expect(await authenticate(client, mechanism, 'alice@example.jp', 'wrong')).toMatchObject({ code: 535 });
    await client.quit();
  });

  test('nobody else may relay', async () => {
    const [reply] = await sendmail.rcpt(['someone@elsewhere.test'], STRANGER);
    expect(reply).toMatchObject({ code: 550, enhanced: '5.7.1' });
  });
});

test('sendmail -bv tells by hand what RCPT would be told', async () => {
  const said = await sendmail.exec(
    'sendmail',
    '-C',
    '/etc/mail/sendmail.cf',
    '-bv',
    'nobody@example.jp',
    'alice@example.jp',
  );
  expect(said).toContain('nobody@example.jp... User unknown');
  expect(said).toContain(
    'alice@example.jp... deliverable: mailer cyrusv2d, host dummy, user alice@example.jp',
  );
});

describe('separation', () => {
  test('mail to a mailbox goes there, whatever alias has its name', async () => {
    expect(await deliver('alice@example.jp')).toEqual(['user/alice@example.jp']);
    expect(await deliver('bob@example.jp')).toEqual(['user/bob@example.jp']);
  });

  test("mail to the server's users and aliases stays on the server", async () => {
    expect(await deliver(`root@${HOST}`)).toEqual(['root']);
    expect(await deliver(`alice@${HOST}`, 'postmaster')).toEqual(['root']);
  });

  test("the server's users and aliases do not exist in a virtual domain, until a mailbox is made", async () => {
    const recipients = ['root', 'postmaster', 'www-data'].map((local) => `${local}@example.jp`);
    const replies = await sendmail.rcpt(recipients, STRANGER);
    expect(replies.map(status)).toEqual(Array(3).fill('550 5.1.1'));
    await admin.create('user/root@example.jp');
    daemon.kill('SIGHUP'); // drops what it knows not to exist
    await daemon.logged(/"event":"reloaded"/);
    expect(await deliver('root@example.jp')).toEqual(['user/root@example.jp']);
  });

  // The flag A that the mailer cyrusv2d lacks: newaliases would take this key, and delivery would follow it.
  test('a whole address of a virtual domain cannot be made an alias', async () => {
    const said = await sendmail.exec(
      'sh',
      '-c',
      'echo "alice@example.jp: root" >>/etc/mail/aliases; sendmail -C /etc/mail/sendmail.cf -bi 2>&1',
    );
    expect(said).toContain('alice@example.jp... cannot alias non-local names');
    expect(await deliver('alice@example.jp')).toEqual(['user/alice@example.jp']);
  });

  test('virtusertable and virtaliases make lists and forwards', async () => {
    expect(await deliver('team@example.jp')).toEqual(['user/alice@example.jp', 'user/bob@example.jp']);
    expect(await deliver('info@example.jp')).toEqual(['user/bob@example.jp']);
  });

  // Why doctor compares virtdomains with mailertable.
  test('a virtual domain without its line in mailertable is relayed for', async () => {
    expect((await sendmail.rcpt(['anyone@forgotten.jp'], STRANGER)).map(status)).toEqual(['250 2.1.5']);
  });
});

/** The mechanisms that are offered in this session, which is closed. */
async function offered(client: SmtpClient): Promise<string[]> {
  const auth = (await client.ehlo()).find((line) => line.startsWith('AUTH ')) ?? '';
  await client.quit();
  return auth.split(' ').slice(1);
}
