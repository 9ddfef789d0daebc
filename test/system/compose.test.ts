// docker/compose.yaml as its reader runs it, but for the port: Sendmail, the daemon and Cyrus in containers of their own,
// which share nothing but the UNIX sockets in two volumes. Afterwards nothing of it is left.
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SmtpClient, status } from '../containers/smtp.js';
import { lacks } from '../integration/tools.js';

const FILE = fileURLToPath(new URL('../../docker/compose.yaml', import.meta.url));
const PROJECT = `cyrusmapd-${randomBytes(4).toString('hex')}`;
const SECOND = 1000;

const OK = '250 2.1.5';
const UNKNOWN = '550 5.1.1';
const DEFERRED = '451 4.3.0';

const execute = promisify(execFile);

let port: number;

/** Standard output. SMTP_PORT is empty, which makes the host's port a free one. */
async function compose(...words: string[]): Promise<string> {
  const env = { ...process.env, SMTP_PORT: '' };
  const { stdout } = await execute('docker-compose', ['-p', PROJECT, '-f', FILE, ...words], { env });
  return stdout;
}

async function rcpt(...recipients: string[]): Promise<string[]> {
  const client = await SmtpClient.connect({ port });
  await client.ehlo();
  await client.command('MAIL FROM:<>');
  const said: string[] = [];
  for (const recipient of recipients) said.push(status(await client.command(`RCPT TO:<${recipient}>`)));
  await client.quit();
  return said;
}

/** While Sendmail makes its keys, and Cyrus its mailboxes. */
async function started(): Promise<void> {
  await vi.waitFor(async () => expect(await rcpt('alice@example.jp')).toEqual([OK]), {
    timeout: 60 * SECOND,
    interval: 100,
  });
}

describe.skipIf(lacks('docker-compose'))('docker/compose.yaml', () => {
  beforeAll(async () => {
    await compose('up', '-d');
    port = Number((await compose('port', 'sendmail', '25')).split(':')[1]);
    try {
      await started();
    } catch (error) {
      throw new Error(`it did not start:\n${await compose('logs', '--no-color')}`, { cause: error });
    }
  });
  afterAll(async () => {
    await compose('down', '--volumes', '--timeout', '0');
    const ours = ['--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`];
    for (const list of [
      ['ps', '--all'],
      ['volume', 'ls'],
      ['network', 'ls'],
    ]) {
      expect((await execute('docker', [...list, ...ours])).stdout).toBe('');
    }
  });

  test('tells at RCPT who has a mailbox, and leaves the own domain to the server', async () => {
    const recipients = ['bob@example.jp', 'nobody@example.jp', 'root@mx.example.org', 'alice@mx.example.org'];
    expect(await rcpt(...recipients)).toEqual([OK, UNKNOWN, OK, UNKNOWN]);
  });

  test('knows a new mailbox from the moment that Cyrus has made it', async () => {
    expect(await rcpt('carol@example.jp')).toEqual([UNKNOWN]);
    await compose('exec', '-T', 'cyrus', 'cyrus-create', 'carol@example.jp');
    expect(await rcpt('carol@example.jp')).toEqual([OK]);
  });

  test('delivers to Cyrus', async () => {
    const marker = randomUUID();
    const client = await SmtpClient.connect({ port });
    await client.ehlo();
    await client.command('MAIL FROM:<>');
    await client.command('RCPT TO:<alice@example.jp>');
    expect((await client.data(`Subject: ${marker}\n\nread me\n`)).code).toBe(250);
    await client.quit();
    const search = ['exec', '-T', 'cyrus', 'grep', '-rl', marker, '/var/spool/cyrus/mail'];
    await expect
      .poll(() => compose(...search).catch(() => ''), { timeout: 30 * SECOND, interval: 200 })
      .toMatch(/\/1\.$/m);
  });

  test('defers while the daemon is away, and finds it again', async () => {
    await compose('stop', 'cyrusmapd');
    expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual([DEFERRED, DEFERRED]);
    await compose('start', 'cyrusmapd');
    await started();
    expect(await rcpt('nobody@example.jp')).toEqual([UNKNOWN]);
  });

  test('runs the daemon without root, and it and Cyrus without a network', async () => {
    expect(await compose('exec', '-T', 'cyrusmapd', 'id', '-un')).toBe('cyrusmapd\n');
    for (const service of ['cyrusmapd', 'cyrus']) {
      expect(await compose('exec', '-T', service, 'ls', '/sys/class/net')).toBe('lo\n');
    }
  });
});
