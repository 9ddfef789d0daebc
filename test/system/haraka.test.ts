// Real Haraka of npm with the plugin of contrib/haraka, installed as its README says: what it says at RCPT. Left out where the registry
// of npm cannot be reached.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { LogLines } from '../containers/log-lines.js';
import { freePort } from '../containers/mail-server.js';
import { SmtpClient } from '../containers/smtp.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const HARAKA = 'Haraka@3.3.4';
const TIMEOUT_MS = 180_000;
const execute = promisify(execFile);

let folder: string;
let port: number;
let map: SocketmapServer;
let haraka: ChildProcess | undefined;
let why: string | undefined;
const log = new LogLines();
const asked = (): string[] => map.requests.map((request) => request.replace(/^cyrus /, ''));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'haraka-'));
  map = await startSocketmapServer(
    (key) => {
      if (key.startsWith('full')) return 'TEMP Over quota';
      if (key.startsWith('silent')) return null;
      if (key.startsWith('closed')) return undefined;
      if (key.startsWith('garbled')) return 'YES';
      if (key.startsWith('refused')) return 'PERM refused';
      return /^(alice|al ice)(\+.*)?@/i.test(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist';
    },
    join(folder, 'socketmap'),
  );
  try {
    await install();
  } catch (error) {
    why = `Haraka cannot be installed: ${String(error)}`;
    if (process.env['CI'] === 'true') throw error;
    return;
  }
  port = await freePort();
  const bin = join(folder, 'node_modules/Haraka/bin/haraka');
  const site = join(folder, 'site');
  await execute(process.execPath, [bin, '-i', site]);
  const files = {
    'config/plugins': 'cyrusmapd\n',
    'config/host_list': 'example.jp\nExample.NET\n',
    'config/cyrusmapd.ini': `socket = unix:${folder}/socketmap\ntimeout = 1\n`,
    'config/smtp.ini': `listen = 127.0.0.1:${port}\nnodes = 0\n`,
    'config/me': 'mx.mail.test\n',
    'config/log.ini': '[main]\nlevel = notice\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(site, name), text);
  const plugin = join(folder, 'node_modules/cyrusmapd/contrib/haraka');
  await cp(plugin, join(site, 'plugins/cyrusmapd'), { recursive: true });
  haraka = spawn(process.execPath, [bin, '-c', site]);
  haraka.stdout?.on('data', (chunk: Buffer) => log.feed(chunk.toString()));
  haraka.stderr?.on('data', (chunk: Buffer) => log.feed(chunk.toString()));
  haraka.on('exit', () => log.end());
  await log.find(/Listening on/i);
}, TIMEOUT_MS);
afterAll(async () => {
  if (haraka?.exitCode === null) {
    const exit = once(haraka, 'exit');
    haraka.kill('SIGKILL');
    await exit;
  }
  await map.stop();
  await rm(folder, { recursive: true });
});

/** Our own package as it is packed, and Haraka without what it can do without. */
async function install(): Promise<void> {
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: PROJECT });
  await writeFile(join(folder, 'package.json'), '{}');
  const flags = ['--omit=optional', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const packages = [HARAKA, './cyrusmapd-0.1.0.tgz'];
  await execute('npm', ['install', ...flags, ...packages], { cwd: folder, timeout: TIMEOUT_MS });
}

/** The replies to RCPT, in one session. */
async function rcpt(...recipients: readonly string[]): Promise<string[]> {
  const client = await SmtpClient.connect({ port });
  await client.ehlo();
  await client.command('MAIL FROM:<a@sender.test>');
  const replies: string[] = [];
  for (const recipient of recipients) {
    const { code, text } = await client.command(`RCPT TO:<${recipient}>`);
    replies.push(`${code} ${text}`);
  }
  await client.quit();
  return replies;
}

describe('Haraka with the plugin', () => {
  const haveHaraka = ({ skip }: TestContext): void => {
    if (why !== undefined) skip(why);
  };

  test('takes who exists, refuses who does not, and leaves other domains to others', async (context) => {
    haveHaraka(context);
    expect(
      await rcpt('alice@example.jp', 'ALICE+lists@Example.NET', 'nobody@example.jp', 'alice@example.org'),
    ).toEqual([
      expect.stringMatching(/^250 /),
      expect.stringMatching(/^250 /),
      '550 5.1.1 User unknown',
      expect.stringMatching(/^550 (?!5\.1\.1 User unknown)/),
    ]);
    expect(asked()).not.toContain('alice@example.org');
  });

  test('defers whatever is neither yes nor no', async (context) => {
    haveHaraka(context);
    const recipients = ['full', 'refused', 'closed', 'garbled', 'silent'].map((name) => `${name}@example.jp`);
    expect(await rcpt(...recipients)).toEqual(
      recipients.map(() => '450 4.3.0 Mailbox cannot be verified now'),
    );
    expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual([
      expect.stringMatching(/^250 /),
      '550 5.1.1 User unknown',
    ]);
  });

  test('asks without the quotes of a local part', async (context) => {
    haveHaraka(context);
    await rcpt('"alice"@example.jp', '"al ice"@example.jp');
    expect(asked().slice(-2)).toEqual(['alice@example.jp', 'al ice@example.jp']);
  });

  test('defers while nobody listens there, and not a moment longer', async (context) => {
    haveHaraka(context);
    await map.stop();
    expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual(
      Array(2).fill('450 4.3.0 Mailbox cannot be verified now'),
    );
    map = await startSocketmapServer((key) => `OK ${key}`, join(folder, 'socketmap'));
    expect(await rcpt('alice@example.jp')).toEqual([expect.stringMatching(/^250 /)]);
  });
});
