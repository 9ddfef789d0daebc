// Real Postfix 3.7 and 3.10 with the policy service, and Cyrus behind: the sender hears the true reason at RCPT, and once more at
// the end of the message.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import type { MailServer } from '../containers/mail-server.js';
import { createRigMailboxes, fill } from '../containers/mailboxes.js';
import { newMarker } from '../containers/lmtp-delivery.js';
import { mainCf, startPostfix } from '../containers/postfix.js';
import { status, type Reply } from '../containers/smtp.js';
import { makeMapFolder } from './map-folder.js';

const STRANGER = '127.0.0.2';
const OK = '250 2.1.5';

/** As docs/postfix-policy.md has it; without a map, so that only the policy service decides. */
const MAIN = mainCf(
  'virtual_mailbox_domains = example.jp, example.net',
  'smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:cyrusmapd/policy',
  'smtpd_end_of_data_restrictions = check_policy_service unix:cyrusmapd/policy',
);

describe.each(['bookworm', 'trixie'] as const)('Postfix of %s with the policy service', (suite) => {
  let folder: string;
  let cyrus: CyrusContainer;
  let daemon: DaemonProcess;
  let postfix: MailServer;

  beforeAll(async () => {
    folder = await makeMapFolder();
    cyrus = await startCyrus();
    await createRigMailboxes(cyrus);
    daemon = await startDaemon();
    postfix = await startPostfix({ suite, main: MAIN, mapFolder: folder, lmtpFolder: cyrus.socketFolder });
  });
  afterAll(async () => {
    await postfix?.stop();
    await daemon?.stop();
    await cyrus?.stop();
    await rm(folder, { recursive: true });
  });

  function startDaemon(): Promise<DaemonProcess> {
    return DaemonProcess.start({
      listen: [`unix:${join(folder, 'socketmap')}`],
      config: `
        [policy]
        listen = ["unix:${join(folder, 'policy')}"]
        socket_mode = "0666"
        [backchannel.cyrus]
        type = "lmtp"
        endpoint = "${cyrus.lmtpUnix}"
        canary = "u001@example.jp"
        [domains]
        "example.jp" = "cyrus"
        "example.net" = "cyrus"
        [cache]
        known_ttl = "1s"
        [lookup]
        post_user = "post"
      `,
    });
  }

  const said = ({ text, code }: Reply): string => `${code} ${text}`;

  test('says the true reason of each recipient', async () => {
    const table = [
      ['alice@example.jp', OK],
      ['Alice@Example.JP', OK],
      ['"alice"@example.jp', OK],
      ['alice+NoSuchFolder@example.jp', OK],
      ['post+shared/info@example.jp', OK],
      ['full@example.jp', '452 4.2.2'],
      ['nobody@example.jp', '550 5.1.1'],
      ['nobody+lists@example.jp', '550 5.1.1'],
      ['alice@example.net', '550 5.1.1'],
      ['"a b"@example.jp', '550 5.1.1'],
      ['post+shared/closed@example.jp', '550 5.7.1'],
      ['root@mx.mail.test', OK],
      ['a@elsewhere.test', '554 5.7.1'],
    ] as const;
    const recipients = table.map(([recipient]) => recipient);
    const replies = await postfix.rcpt(recipients, STRANGER);
    expect(replies.map((reply, i) => [recipients[i], status(reply)])).toEqual(table);
    expect(said(replies[5] ?? none)).toContain('Mailbox full');
    expect(said(replies[6] ?? none)).toContain('User unknown');
  });

  test('delivers what it has accepted', async () => {
    const marker = newMarker();
    expect((await postfix.send(['alice+Lists@example.jp'], `Subject: test\n\n${marker}\n`)).code).toBe(250);
    await postfix.logged(/to=<alice\+Lists@example\.jp>.*status=sent/);
    expect(await cyrus.where(marker)).toHaveLength(1);
  });

  test('refuses at the end of the message a mailbox that vanished after RCPT, and defers one that is full by then', async () => {
    const admin = await cyrus.admin();
    await admin.create('user/brief@example.jp');
    await admin.create('user/small@example.jp');
    await fill(cyrus, 'small@example.jp');
    for (const [local, change, expected, words] of [
      ['brief', () => remove(admin, 'user/brief@example.jp'), '550 5.1.1', 'User unknown'],
      ['small', () => admin.setquota('user/small@example.jp', { storage: 10 }), '452 4.2.2', 'Mailbox full'],
    ] as const) {
      const client = await postfix.session(STRANGER);
      await client.command('MAIL FROM:<a@sender.test>');
      expect(status(await client.command(`RCPT TO:<${local}@example.jp>`))).toBe(OK);
      await change();
      // Until it is not remembered any more.
      await expect
        .poll(async () => status((await postfix.rcpt([`${local}@example.jp`], STRANGER))[0] ?? none), {
          timeout: 10_000,
        })
        .toBe(expected);
      const reply = await client.data('Subject: test\n\nx\n');
      expect([reply.code, reply.text]).toEqual([
        Number(expected.slice(0, 3)),
        expect.stringContaining(words),
      ]);
      await client.quit();
    }
  });

  test('does not notice that the daemon was started anew, and defers while it is gone', async () => {
    expect(await daemon.stop()).toBe(0);
    const gone = await postfix.rcpt(['alice@example.jp', 'nobody@example.jp'], STRANGER);
    expect(gone.map(({ code }) => code)).toEqual([451, 451]);
    daemon = await startDaemon();
    const back = await postfix.rcpt(['alice@example.jp', 'nobody@example.jp'], STRANGER);
    expect(back.map(status)).toEqual([OK, '550 5.1.1']);
  });
});

const none: Reply = { code: 0, enhanced: '', text: '' };

async function remove(admin: Awaited<ReturnType<CyrusContainer['admin']>>, mailbox: string): Promise<void> {
  await admin.setacl(mailbox, 'cyrus', 'lrswipkxtecda');
  await admin.delete(mailbox);
}
