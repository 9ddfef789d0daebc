// FEATURE(mrs_cyrus) with a mailertable and the real Sendmail, against a table of answers.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MailServer } from '../containers/mail-server.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

const answers: Readonly<Record<string, string | undefined>> = {
  'alice@example.jp': 'OK alice@example.jp',
  'alice+lists@example.jp': 'OK alice+lists@example.jp',
  'full@example.jp': 'TEMP Over quota',
  'slow@example.jp': 'TIMEOUT no answer',
  'closed@example.jp': undefined,
};

function answer(key: string): string | undefined {
  return key in answers ? answers[key] : 'NOTFOUND Mailbox does not exist';
}

describe.each(['unix', 'tcp'])('mrs_cyrus_mailertable over %s', (transport) => {
  let folder: string;
  let map: SocketmapServer;
  let sendmail: MailServer;
  let asked = 0;
  const keys = (): string[] => map.requests.slice(asked).map((request) => request.replace(/^cyrus /, ''));

  beforeAll(async () => {
    folder = await makeMapFolder();
    map = await startSocketmapServer(answer, transport === 'unix' ? join(folder, 'socketmap') : undefined);
    const endpoint = transport === 'unix' ? 'local:/run/cyrusmapd/socketmap' : map.endpoint;
    sendmail = await startSendmail({
      mc: await readMc('mailertable.mc', endpoint),
      mapFolder: folder,
      files: {
        ...EMPTY_TABLES,
        mailertable:
          'example.jp\tmrs_cyrus_mailertable:\n' +
          'fallback.jp\tmrs_cyrus_mailertable:error:5.7.0:550 by the next hop\n',
        virtdomains: 'example.jp\nfallback.jp\n',
      },
    });
  });
  afterAll(async () => {
    await sendmail?.stop();
    await map?.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    asked = map.requests.length;
  });

  test('accepts whom the map knows, by whatever spelling, and asks in lower case', async () => {
    const replies = await sendmail.rcpt([
      'alice@example.jp',
      'ALICE@Example.JP',
      '"alice"@example.jp',
      'alice@example.jp.',
      'Alice+Lists@example.jp',
    ]);
    expect(replies.map(status)).toEqual(Array(5).fill('250 2.1.5'));
    expect(keys()).toEqual([...Array(4).fill('alice@example.jp'), 'alice+lists@example.jp']);
  });

  test('refuses whom the map does not know', async () => {
    const [reply] = await sendmail.rcpt(['nobody@example.jp']);
    expect(reply).toMatchObject({
      code: 550,
      enhanced: '5.1.1',
      text: expect.stringContaining('User unknown'),
    });
    expect(keys()).toEqual(['nobody@example.jp']);
  });

  test('defers on TEMP, on TIMEOUT and where the map closes the connection', async () => {
    const replies = await sendmail.rcpt([
      'full@example.jp',
      'slow@example.jp',
      'closed@example.jp',
      'alice@example.jp',
    ]);
    expect(replies.map(status)).toEqual(['451 4.3.0', '451 4.3.0', '451 4.3.0', '250 2.1.5']);
  });

  test('sends whom the map does not know to the next hop, where there is one', async () => {
    const [reply] = await sendmail.rcpt(['nobody@fallback.jp']);
    expect(reply).toMatchObject({
      code: 550,
      enhanced: '5.7.0',
      text: expect.stringContaining('by the next hop'),
    });
    expect(keys()).toEqual(['nobody@fallback.jp']);
  });

  test('asks nothing for the domain of the server and for other domains', async () => {
    const replies = await sendmail.rcpt(['root@mx.mail.test', 'root', 'alice@elsewhere.test']);
    expect(replies.map(status)).toEqual(['250 2.1.5', '250 2.1.5', '250 2.1.5']);
    expect(keys()).toEqual([]);
  });

  test('asks for a sender of a virtual domain too, since a sender is routed as a recipient is', async () => {
    const senders = ['alice@example.jp', 'nobody@example.jp', 'full@example.jp', 'a@sender.test', ''];
    const replies: string[] = [];
    for (const sender of senders) {
      const client = await sendmail.session();
      replies.push(status(await client.command(`MAIL FROM:<${sender}>`)));
      await client.quit();
    }
    expect(replies).toEqual(['250 2.1.0', '550 5.1.1', '451 4.3.0', '250 2.1.0', '250 2.1.0']);
    expect(keys()).toEqual(['alice@example.jp', 'nobody@example.jp', 'full@example.jp']);
  });

  // Sendmail leaves socket_map_lookup() by a longjmp where it cannot write, and keeps the dead connection.
  test.each([
    ['half-closed', 'once', () => map.halfClose(), ['451 4.3.0', '250 2.1.5', '250 2.1.5']],
    ['closed', 'for the rest of its SMTP session', () => map.closeAll(), Array<string>(3).fill('451 4.3.0')],
  ])('a connection that is %s in between defers %s', async (_how, _howLong, close, expected) => {
    const client = await sendmail.session();
    await client.command('MAIL FROM:<a@sender.test>');
    expect(status(await client.command('RCPT TO:<alice@example.jp>'))).toBe('250 2.1.5');
    close();
    const said: string[] = [];
    for (let times = 0; times < 3; times++) {
      said.push(status(await client.command('RCPT TO:<alice@example.jp>')));
    }
    expect(said).toEqual(expected);
    await client.quit();
    expect((await sendmail.rcpt(['alice@example.jp'])).map(status)).toEqual(['250 2.1.5']);
  });

  test('defers while nobody listens', async () => {
    await map.stop();
    const replies = await sendmail.rcpt(['alice@example.jp', 'nobody@example.jp']);
    expect(replies.map(status)).toEqual(['451 4.3.0', '451 4.3.0']);
  });
});
