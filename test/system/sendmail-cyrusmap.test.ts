// FEATURE(cyrusmap) on a stock Sendmail, against a table of answers: who is refused at RCPT, and that everything
// which stands behind it in check_rcpt still does.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MailServer } from '../containers/mail-server.js';
import { startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

const STRANGER = '127.0.0.2';

function answer(key: string): string | undefined {
  const user = key.replace(/@example\.jp$/, '');
  if (user === 'full') return 'TEMP Over quota';
  if (user === 'closed') return undefined;
  // Sendmail must not take this value for anything.
  if (user === 'odd') return `OK ${'%0'.repeat(400)}`;
  // As a back-channel would that believes everything: relaying must not depend on it.
  if (key.includes('elsewhere.test')) return `OK ${key}`;
  if (/^(alice|alice\+lists|barred|bob|daemon)$/.test(user)) return `OK ${key}`;
  return 'NOTFOUND Mailbox does not exist';
}

const files = {
  mailertable: 'example.jp\tcyrusv2d:cyrus\n',
  virtdomains: 'example.jp\n',
  'local-host-names': 'example.jp\n',
  access: 'To:barred@example.jp\tREJECT\nTo:daemon@\tREJECT\nFrom:spam@sender.test\tREJECT\n',
  virtusertable:
    'info@example.jp\tbob@example.jp\nsales@example.jp\troot\ngone@example.jp\tnobody@example.jp\n',
  aliases: 'root: /dev/null\n',
};

// cyrusv2d is given the domain, cyrusv2 the user alone: and so the map is asked.
describe.each([
  ['cyrusmap-mailertable.mc', '@example.jp'],
  ['cyrusmap-local.mc', ''],
])('%s', (name, at) => {
  let folder: string;
  let map: SocketmapServer;
  let sendmail: MailServer;
  let asked = 0;
  const keys = (): string[] => map.requests.slice(asked).map((request) => request.replace(/^cyrus /, ''));

  beforeAll(async () => {
    folder = await makeMapFolder();
    map = await startSocketmapServer(answer, join(folder, 'socketmap'));
    const mc = await readMc(name, 'local:/run/cyrusmapd/socketmap');
    sendmail = await startSendmail({ mc, mapFolder: folder, files });
  });
  afterAll(async () => {
    await sendmail?.stop();
    await map?.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    asked = map.requests.length;
  });

  test('accepts, refuses and defers at RCPT', async () => {
    const recipients = ['alice', 'ALICE', 'Alice+Lists', 'odd', 'nobody', 'full', 'closed'];
    const replies = await sendmail.rcpt(
      recipients.map((local) => `${local}@Example.jp`),
      STRANGER,
    );
    expect(replies.map(status)).toEqual([
      ...Array(4).fill('250 2.1.5'),
      '550 5.1.1',
      '451 4.3.0',
      '451 4.3.0',
    ]);
    expect(replies[4]?.text).toContain('User unknown');
    expect(keys()).toEqual(
      ['alice', 'alice', 'alice+lists', 'odd', 'nobody', 'full', 'closed'].map((local) => local + at),
    );
  });

  test("leaves the server's own domain alone, and asks for no sender", async () => {
    const replies = await sendmail.rcpt(['root@mx.mail.test', 'root'], STRANGER);
    expect(replies.map(status)).toEqual(['250 2.1.5', '250 2.1.5']);
    const client = await sendmail.session();
    expect(status(await client.command('MAIL FROM:<nobody@example.jp>'))).toBe('250 2.1.0');
    await client.quit();
    expect(keys()).toEqual([]);
  });

  test('relays for nobody, not even behind a recipient who was found', async () => {
    const refused = [
      'someone@elsewhere.test',
      'someone%elsewhere.test@example.jp',
      'elsewhere.test!someone@example.jp',
      '"someone@elsewhere.test"@example.jp',
      '@example.jp:someone@elsewhere.test',
    ];
    const replies = await sendmail.rcpt(['alice@example.jp', ...refused], STRANGER);
    expect(status(replies[0] ?? fail())).toBe('250 2.1.5');
    for (const [index, recipient] of refused.entries()) {
      expect(replies[index + 1], recipient).toMatchObject({ code: 550, enhanced: '5.7.1' });
    }
  });

  test('still refuses whom access and blocklist_recipients refuse', async () => {
    const replies = await sendmail.rcpt(['barred@example.jp', 'daemon@mx.mail.test'], STRANGER);
    expect(replies.map(status)).toEqual(['550 5.2.1', '550 5.2.1']);
    expect(keys()).toEqual(at === '' ? ['barred', 'daemon'] : ['barred@example.jp']);
    const client = await sendmail.session(STRANGER);
    const sender = await client.command('MAIL FROM:<spam@sender.test>');
    const recipient = await client.command('RCPT TO:<alice@example.jp>');
    await client.quit();
    expect([sender.code, recipient.code]).toContain(550);
  });

  test('defers while nobody listens', async () => {
    await map.stop();
    const replies = await sendmail.rcpt(['alice@example.jp', 'nobody@example.jp']);
    expect(replies.map(status)).toEqual(['451 4.3.0', '451 4.3.0']);
    map = await startSocketmapServer(answer, join(folder, 'socketmap'));
    expect((await sendmail.rcpt(['alice@example.jp'])).map(status)).toEqual(['250 2.1.5']);
  });

  test('lets virtusertable take the place of a recipient', async () => {
    const replies = await sendmail.rcpt(
      ['info', 'info+x', 'sales', 'gone'].map((local) => `${local}@example.jp`),
    );
    expect(replies.map(status)).toEqual(['250 2.1.5', '250 2.1.5', '250 2.1.5', '550 5.1.1']);
    expect(keys()).toEqual(['bob', 'bob', 'nobody'].map((local) => local + at));
  });
});

function fail(): never {
  throw new Error('no reply');
}
