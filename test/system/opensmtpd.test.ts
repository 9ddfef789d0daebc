// Real OpenSMTPD 6.8 and 7.6 with the lines of docs/opensmtpd.md: the filter of contrib/opensmtpd at RCPT, and what its own table for
// socketmaps sends, which no socketmap understands.
import { readFileSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MailServer } from '../containers/mail-server.js';
import { status } from '../containers/smtp.js';
import { startLmtpSink, type LmtpSink } from '../fakes/lmtp-sink.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(PROJECT, 'docs/opensmtpd.md'), 'utf8');
const [LINES = ''] = [...PAGE.matchAll(/^```\n(.*?)^```$/gms)].map(([, block = '']) => block);
const OK = '250 2.1.5';
const UNKNOWN = '550 5.1.1';
const DEFERRED = '451 4.3.0';

/** @param lines of smtpd.conf; `filter` where it is to be asked */
function start(suite: string, folder: string, lines: string, filter: string): Promise<MailServer> {
  return MailServer.start({
    image: `cyrusmapd/opensmtpd:${suite}`,
    files: { '/etc/smtpd.conf': `${lines}\nlisten on 127.0.0.1 port @PORT@ ${filter}\n` },
    mounts: [
      { source: folder, target: '/var/run/cyrusmapd' },
      { source: folder, target: '/run/cyrus/socket' },
      { source: dirname(process.execPath), target: '/opt/node' },
      ...['dist', 'contrib', 'package.json'].map((name) => ({
        source: join(PROJECT, name),
        target: `/usr/local/lib/node_modules/cyrusmapd/${name}`,
      })),
    ],
    command: (port) => [String(port)],
  });
}

describe.each(['bookworm', 'trixie'])('OpenSMTPD of %s, with the filter of the page', (suite) => {
  let folder: string;
  let map: SocketmapServer;
  let lmtp: LmtpSink;
  let smtpd: MailServer;
  const asked = (): string[] => map.requests.map((request) => request.replace(/^cyrus /, ''));
  const rcpt = async (...recipients: string[]): Promise<string[]> =>
    (await smtpd.rcpt(recipients)).map(status);

  beforeAll(async () => {
    folder = await makeMapFolder();
    map = await startSocketmapServer(
      (key) => {
        if (key.startsWith('full')) return 'TEMP Over quota';
        if (key.startsWith('closed')) return undefined;
        return /^alice(\+.*)?@/i.test(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist';
      },
      join(folder, 'socketmap'),
    );
    await chmod(join(folder, 'socketmap'), 0o666);
    lmtp = await startLmtpSink(join(folder, 'lmtp'));
    const lines = LINES.replace('/usr/bin/node', '/opt/node/node').replace(/^listen .*\n/m, '');
    smtpd = await start(suite, folder, lines, 'filter "cyrusmapd"');
  });
  afterAll(async () => {
    await smtpd?.stop();
    await lmtp?.stop();
    await map?.stop();
    await rm(folder, { recursive: true });
  });

  test('takes who exists, refuses who does not, and defers what is neither', async () => {
    expect(
      await rcpt(
        'alice@example.jp',
        'ALICE+lists@Example.JP',
        'nobody@example.jp',
        'full@example.jp',
        'closed@example.jp',
      ),
    ).toEqual([OK, OK, UNKNOWN, DEFERRED, DEFERRED]);
    expect(asked().slice(0, 4)).toEqual([
      'alice@example.jp',
      'ALICE+lists@Example.JP',
      'nobody@example.jp',
      'full@example.jp',
    ]);
  });

  test('does not ask about other domains, for which it relays for nobody', async () => {
    const before = asked().length;
    expect(await rcpt('alice@example.org')).toEqual(['550']);
    expect(asked()).toHaveLength(before);
  });

  test('hands lmtpd the recipient as it was written', async () => {
    expect((await smtpd.send(['Alice+lists@example.jp'], 'Subject: test\n\ntest\n')).code).toBe(250);
    await smtpd.logged(/result="?Ok"?.*|delivery.*stat="?(Ok|Delivered)/i);
    expect(lmtp.recipients).toEqual(['Alice+lists@example.jp']);
  });

  test('defers while nobody answers, and not a moment longer', async () => {
    await map.stop();
    expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual([DEFERRED, DEFERRED]);
    map = await startSocketmapServer((key) => `OK ${key}`, join(folder, 'socketmap'));
    await chmod(join(folder, 'socketmap'), 0o666);
    expect(await rcpt('alice@example.jp')).toEqual([OK]);
  });
});

describe.each(['bookworm', 'trixie'])('the table of OpenSMTPD of %s', (suite) => {
  let folder: string;
  let received = '';
  let server: Server;
  let smtpd: MailServer;

  beforeAll(async () => {
    folder = await makeMapFolder();
    const path = join(folder, 'socketmap');
    server = createServer((socket) => socket.on('data', (chunk) => (received += chunk.toString())));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await chmod(path, 0o666);
    const lines = [
      'table cyrus socketmap:/var/run/cyrusmapd/socketmap',
      'action "cyrus" lmtp "/run/cyrus/socket/lmtp" rcpt-to virtual <cyrus>',
      'match from any for domain "example.jp" action "cyrus"',
    ];
    smtpd = await start(suite, folder, lines.join('\n'), '');
  });
  afterAll(async () => {
    await smtpd?.stop();
    server.close();
    await rm(folder, { recursive: true });
  });

  test('sends lines and no netstrings', async () => {
    const client = await smtpd.session();
    await client.command('MAIL FROM:<a@sender.test>');
    void client.command('RCPT TO:<alice@example.jp>').catch(() => undefined);
    await expect.poll(() => received, { timeout: 10_000 }).toBe('cyrus alice@example.jp\n');
  });
});
