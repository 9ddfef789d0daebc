// The features of FreeBSD's port besides the mailertable, with real Sendmail: what each asks, what it makes of the
// answer, and whom lmtpd is given.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SendmailRig } from './sendmail-rig.js';

const MESSAGE = 'Subject: test\n\ntest\n';

let rig: SendmailRig;
afterAll(async () => rig?.stop());

/** One Sendmail at a time. */
function withRig(mc: string, known: readonly string[], files: Record<string, string>): void {
  beforeAll(async () => {
    await rig?.stop();
    rig = await SendmailRig.start(mc, known, files);
  });
  afterEach(() => {
    rig.keys();
    rig.delivered();
  });
}

describe('mrs_cyrus_user', () => {
  withRig('mrs-user.mc', ['alice', 'bob', 'daemon'], {
    mailertable: 'example.jp\tmrs_cyrus_user:\nhop.jp\tmrs_cyrus_user:error:5.7.0:550 by the next hop\n',
    aliases: 'root: /dev/null\ninfo: alice\n',
  });

  test('asks for the bare local part of a domain in the mailertable', async () => {
    expect(
      await rig.rcpt('Alice@example.jp', 'nobody@example.jp', 'full@example.jp', 'nobody@hop.jp'),
    ).toEqual(['250 2.1.5', '550 5.1.1', '451 4.3.0', '550 5.7.0']);
    expect(rig.keys()).toEqual(['alice', 'nobody', 'full', 'nobody']);
  });

  test('delivers to the value', async () => {
    expect((await rig.sendmail.send(['alice@example.jp'], MESSAGE)).code).toBe(250);
    expect(rig.delivered()).toEqual(['alice']);
  });

  test('lets local users be in Cyrus, in the system, or nowhere', async () => {
    expect(await rig.rcpt('bob', 'bob@mx.mail.test', 'www-data', 'nosuchuser')).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '250 2.1.5',
      '550 5.1.1',
    ]);
    // A user who is in the transaction already is not asked for again.
    expect(rig.keys()).toEqual(['bob', 'www-data', 'nosuchuser']);
  });

  test('queues for a local user where it has to defer', async () => {
    const [reply] = await rig.sendmail.rcpt(['full']);
    expect(reply).toMatchObject({ code: 250, text: expect.stringContaining('will queue') });
  });

  test('applies aliases to local users first', async () => {
    expect((await rig.sendmail.send(['info', 'root'], MESSAGE)).code).toBe(250);
    expect(rig.delivered()).toEqual(['alice']);
    expect(rig.keys()).toEqual(['alice']);
  });
});

describe('mrs_cyrus_stickyhub', () => {
  withRig('mrs-stickyhub.mc', ['alice@example.jp', 'alice+lists@example.jp'], {
    aliases: 'root: /dev/null\nalice: /dev/null\ninfo: alice@example.jp\n',
  });

  test('asks for the domains of class VirtCyrus', async () => {
    const recipients = ['alice', 'alice+lists', 'nobody', 'full', 'root'].map(
      (local) => `${local}@example.jp`,
    );
    expect(await rig.rcpt(...recipients)).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '550 5.1.1',
      '451 4.3.0',
      '550 5.1.1',
    ]);
    expect(rig.keys()).toEqual(recipients);
  });

  test("delivers with the domain, and without the server's aliases", async () => {
    expect((await rig.sendmail.send(['alice@example.jp', 'alice+lists@example.jp'], MESSAGE)).code).toBe(250);
    expect(rig.delivered().sort()).toEqual(['alice+lists@example.jp', 'alice@example.jp']);
  });

  test('leaves all other local users to the local mailer', async () => {
    expect(await rig.rcpt('root', 'root@mx.mail.test', 'www-data', 'nosuchuser')).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '250 2.1.5',
      '550 5.1.1',
    ]);
    expect(rig.keys()).toEqual([]);
  });
});

describe('ckuser_cyrus', () => {
  withRig('ckuser-cyrus.mc', ['alice', 'bob'], {
    aliases: 'root: /dev/null\ninfo: alice\nnews+*: alice\n',
  });

  test('asks for local users who are no alias', async () => {
    expect(await rig.rcpt('alice', 'ALICE@mx.mail.test', 'nobody', 'root', 'info')).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '550 5.1.1',
      '250 2.1.5',
      '250 2.1.5',
    ]);
    expect(rig.keys()).toEqual(['alice', 'nobody']);
  });

  // Ruleset 5 is called for user+detail, user+* and user, with the aliases of each in between; lmtpd is given the user.
  test('asks for the user of a plussed one, if neither is an alias', async () => {
    expect(await rig.rcpt('bob+lists', 'info+x', 'news+x', 'nobody+x', 'news')).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '250 2.1.5',
      '550 5.1.1',
      '550 5.1.1',
    ]);
    expect(rig.keys()).toEqual(['bob', 'alice', 'nobody', 'news']);
    expect((await rig.sendmail.send(['bob+lists', 'info+x'], MESSAGE)).code).toBe(250);
    expect(rig.delivered().sort()).toEqual(['alice', 'bob']);
  });

  // Ruleset 5 cannot defer at RCPT: MailServer takes the recipient and asks again at each queue run.
  test('queues where it has to defer', async () => {
    const [reply] = await rig.sendmail.rcpt(['full']);
    expect(reply).toMatchObject({ code: 250, text: expect.stringContaining('will queue') });
  });

  test('delivers to the user', async () => {
    expect((await rig.sendmail.send(['alice', 'info@mx.mail.test'], MESSAGE)).code).toBe(250);
    expect(rig.delivered()).toEqual(['alice']);
  });
});
