// FEATURE(cyrusmap) asks about what Sendmail's own tables make of a recipient: nobody is refused whom one of them
// delivers, and where a table cannot be read, nobody is refused at all.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MailServer } from '../containers/mail-server.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

const OK = '250 2.1.5';
const UNKNOWN = '550 5.1.1';
const DEFERRED = '451 4.3.0';

const KNOWN = new Set(['alice', 'alice+x', 'u001', 'u002', 'postmaster']);

let folder: string;
let map: SocketmapServer;
let sendmail: MailServer;
let asked = 0;

beforeAll(async () => {
  folder = await makeMapFolder();
  map = await startSocketmapServer(
    (key) => (KNOWN.has(key.replace(/@example\.jp$/, '')) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist'),
    join(folder, 'socketmap'),
  );
});
afterAll(async () => {
  await sendmail?.stop();
  await map?.stop();
  await rm(folder, { recursive: true });
});

/** One Sendmail at a time. */
function withSendmail(mc: string, files: Record<string, string>): void {
  beforeAll(async () => {
    await sendmail?.stop();
    sendmail = await startSendmail({
      mc: await readMc(mc, 'local:/run/cyrusmapd/socketmap'),
      mapFolder: folder,
      files: { ...EMPTY_TABLES, ...files },
    });
  });
}

async function rcpt(...recipients: string[]): Promise<string[]> {
  asked = map.requests.length;
  return (await sendmail.rcpt(recipients)).map(status);
}

const keys = (): string[] => map.requests.slice(asked).map((request) => request.replace(/^cyrus /, ''));

const virtusertable = [
  'a@example.jp\tb@example.jp',
  'b@example.jp\tu002@example.jp',
  '@example.org\t%1@example.jp',
  '++@example.org\t%1%3@example.jp',
  'info@example.jp\tu001@example.jp',
  '+*@example.net\t%1@example.jp',
  'gone@example.jp\tnobody@example.jp',
  'bad@example.jp\terror:5.7.0:550 not here',
  '',
].join('\n');

describe.each([
  ['cyrusmap-mailertable.mc', '@example.jp'],
  ['cyrusmap-local.mc', ''],
])('virtusertable, %s', (mc, at) => {
  withSendmail(mc, {
    virtusertable,
    virtdomains: 'example.jp\nexample.org\nexample.net\n',
    'local-host-names': 'example.jp\nexample.org\nexample.net\n',
    mailertable: 'example.jp\tcyrusv2d:cyrus\n',
  });

  test.each([
    ['a@example.jp', OK, 'u002'],
    ['info@example.org', OK, 'u001'],
    ['alice+x@example.net', OK, 'alice'],
    ['alice+x@example.org', OK, 'alice+x'],
    ['nobody@example.org', UNKNOWN, 'nobody'],
    ['gone@example.jp', UNKNOWN, 'nobody'],
  ])('%s is %s for %s', async (recipient, said, user) => {
    expect(await rcpt(recipient)).toEqual([said]);
    expect(keys()).toEqual([user + at]);
  });

  test('an error of the table stands', async () => {
    expect(await rcpt('bad@example.jp')).toEqual(['550 5.7.0']);
    expect(keys()).toEqual([]);
  });
});

describe('aliases', () => {
  const many = Array.from({ length: 200 }, (_, number) => `member${number}@elsewhere.test`).join(',\n\t');
  withSendmail('cyrusmap-local.mc', {
    'local-host-names': 'example.jp\n',
    aliases: `team: u001, u002\nabuse: postmaster\nroot: /dev/null\nfwd: someone@elsewhere.test\nlong: ${many}\n`,
  });

  test.each(['team', 'TEAM', 'abuse', 'root', 'fwd', 'long'])(
    '%s is accepted without a question',
    async (user) => {
      expect(await rcpt(`${user}@example.jp`)).toEqual([OK]);
      expect(keys()).toEqual([]);
    },
  );

  test('the stock mailer has no alias for a plussed user, and neither has the ruleset', async () => {
    expect(await rcpt('team+x@example.jp', 'alice+x@example.jp')).toEqual([UNKNOWN, OK]);
  });

  test('they are read as text where newaliases has not been run', async () => {
    await sendmail.exec('mv', '/etc/mail/aliases.db', '/etc/mail/aliases.away');
    expect(await rcpt('team@example.jp', 'long@example.jp', 'nobody@example.jp')).toEqual([OK, OK, UNKNOWN]);
  });

  test('where they cannot be read at all, everybody is deferred', async () => {
    await sendmail.exec('mv', '/etc/mail/aliases', '/etc/mail/aliases.text');
    expect(await rcpt('team@example.jp', 'u001@example.jp', 'nobody@example.jp')).toEqual(
      Array(3).fill(DEFERRED),
    );
  });
});

describe('virtusertable that cannot be read', () => {
  withSendmail('cyrusmap-mailertable.mc', {
    virtusertable: 'info@example.jp\tu001@example.jp\n',
    virtdomains: 'example.jp\n',
    mailertable: 'example.jp\tcyrusv2d:cyrus\n',
  });

  test('nobody is refused', async () => {
    expect(await rcpt('info@example.jp', 'u001@example.jp', 'nobody@example.jp')).toEqual([OK, OK, UNKNOWN]);
    await sendmail.exec('rm', '/etc/mail/virtusertable.db');
    expect(await rcpt('info@example.jp', 'u001@example.jp', 'nobody@example.jp')).toEqual([
      DEFERRED,
      OK,
      DEFERRED,
    ]);
  });
});

describe('a mailertable that names cyrusv2', () => {
  withSendmail('cyrusmap-mailertable.mc', {
    virtdomains: 'example.jp\n',
    mailertable: 'example.jp\tcyrusv2:cyrus\n',
  });

  test('asks for the user alone, as lmtpd is asked', async () => {
    expect(await rcpt('u001@example.jp', 'nobody@example.jp')).toEqual([OK, UNKNOWN]);
    expect(keys()).toEqual(['u001', 'nobody']);
  });
});

describe('cyrusv2 with the flag 5', () => {
  withSendmail('cyrusmap-plus.mc', {
    virtaliases: 'team: u001, u002\nnews+*: u001\n',
  });

  test('aliases of plussed users are found, and whom ruleset 5 sends elsewhere is not asked for', async () => {
    expect(await rcpt('team+x', 'news+x', 'moved', 'moved+x', 'alice+x')).toEqual(Array(5).fill(OK));
    expect(keys()).toEqual(['alice']);
    expect(await rcpt('nobody', 'nobody+x', 'news')).toEqual(Array(3).fill(UNKNOWN));
  });
});
