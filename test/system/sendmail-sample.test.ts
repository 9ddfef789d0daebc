// The sample host of cf/, and a host as administrators have it, start and answer right: with the m4 files of FreeBSD's
// port as well as with the stock ones, on Sendmail 8.17.1 and 8.18. Nothing is there that FreeBSD does not ship.

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MailServer } from '../containers/mail-server.js';
import { startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { startLmtpSink, type LmtpSink } from '../fakes/lmtp-sink.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';

const HOST = 'mx.example.org';
const RECIPIENTS = ['alice', 'Alice+lists', 'nobody', 'full', 'team'].map((local) => `${local}@example.jp`);
const REPLIES = ['250 2.1.5', '250 2.1.5', '550 5.1.1', '451 4.3.0', '250 2.1.5'];

function answer(key: string): string {
  if (key.startsWith('full')) return 'TEMP Over quota';
  return /^(alice|alice\+lists|bob)@example\.jp$/.test(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist';
}

function sample(name: string): Promise<string> {
  return readFile(new URL(`../../cf/${name}`, import.meta.url), 'utf8');
}

const seed = await readFile(new URL('mc/seed.mc', import.meta.url), 'utf8');

describe.each([
  ['the sample', 'port', 'bookworm', await sample('hostname.mc')],
  ['the sample', 'port', 'trixie', await sample('hostname.mc')],
  ['the sample', 'stock', 'bookworm', await sample('hostname.mc')],
  ['the sample', 'stock', 'trixie', await sample('hostname.mc')],
  ["an administrator's own host", 'port', 'bookworm', seed],
  ["an administrator's own host", 'port', 'trixie', seed],
] as const)('%s, %s tree, %s', (_name, tree, suite, mc) => {
  let folder: string;
  let map: SocketmapServer;
  let lmtp: LmtpSink;
  let sendmail: MailServer;

  beforeAll(async () => {
    folder = await makeMapFolder();
    const own = mc === seed;
    map = await startSocketmapServer(answer, join(folder, own ? 'smmap' : 'socketmap'));
    lmtp = await startLmtpSink(join(folder, 'lmtp'));
    sendmail = await startSendmail({
      mc,
      tree,
      suite,
      ...(own ? {} : { mapFolder: folder, mapTarget: '/var/run/cyrusmapd' }),
      lmtpFolder: folder,
      lmtpTarget: '/var/imap/socket',
      files: {
        mailertable: await sample('mailertable'),
        virtdomains: await sample('virtdomains'),
        virtusertable: 'team@example.jp\tteam\n',
        access: '',
        virtaliases: 'team: alice@example.jp, bob@example.jp\n',
        aliases: 'root: /dev/null\n',
      },
      flags: ['-O', 'DeliveryMode=interactive'],
      environment: { CERTIFICATES_FOR: HOST },
    });
  });
  afterAll(async () => {
    await sendmail?.stop();
    await map?.stop();
    await lmtp?.stop();
    await rm(folder, { recursive: true });
  });

  test('refuses whom Cyrus does not know, and nobody else', async () => {
    expect((await sendmail.rcpt(RECIPIENTS)).map(status)).toEqual(REPLIES);
    expect((await sendmail.rcpt([`root@${HOST}`])).map(status)).toEqual(['250 2.1.5']);
    expect(await sendmail.exec('sh', '-c', 'ls /etc/mail/local-host-names 2>&1 || true')).toContain(
      'No such file',
    );
  });

  test('defers while virtusertable cannot be read', async (context) => {
    if (mc === seed) context.skip("an administrator's table has -o");
    await sendmail.exec('mv', '/etc/mail/virtusertable.db', '/etc/mail/virtusertable.away');
    expect((await sendmail.rcpt(['team@example.jp', 'alice@example.jp'])).map(status)).toEqual(
      Array(2).fill('451 4.3.0'),
    );
    await sendmail.exec('mv', '/etc/mail/virtusertable.away', '/etc/mail/virtusertable.db');
  });

  test('delivers to Cyrus with the domain, and lists to their members', async () => {
    const message = 'Subject: test\n\ntest\n';
    expect(await sendmail.send(['Alice+lists@example.jp', 'team@example.jp'], message)).toMatchObject({
      code: 250,
    });
    expect([...lmtp.recipients].sort()).toEqual([
      'alice+lists@example.jp',
      'alice@example.jp',
      'bob@example.jp',
    ]);
  });

  test('tells by sendmail -bv what RCPT would be told', async () => {
    const said = await sendmail.exec(
      'sendmail',
      '-C',
      '/etc/mail/sendmail.cf',
      '-bv',
      ...RECIPIENTS.slice(0, 3),
    );
    expect(said).toContain(
      'alice@example.jp... deliverable: mailer cyrusv2d, host dummy, user alice@example.jp',
    );
    expect(said).toContain('nobody@example.jp... User unknown');
  });
});
