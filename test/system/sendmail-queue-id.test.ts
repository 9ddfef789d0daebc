// With the queue's id in the key, what our log says of a recipient is found in the mail log of real Sendmail.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DaemonProcess } from '../containers/daemon.js';
import type { MailServer } from '../containers/mail-server.js';
import { startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

let folder: string;
let daemon: DaemonProcess;
let sendmail: MailServer;

beforeAll(async () => {
  folder = await makeMapFolder();
  await writeFile(join(folder, 'mailboxes'), 'alice@example.jp\n');
  daemon = await DaemonProcess.start({
    listen: [`unix:${folder}/socketmap`],
    config: `
      [backchannel.cyrus]
      type = "list"
      file = "${folder}/mailboxes"

      [map.cyrusid]
      queue_id = true
    `,
  });
  sendmail = await startSendmail({
    mc: await readMc('cyrusmap-queue-id.mc', 'local:/run/cyrusmapd/socketmap'),
    mapFolder: folder,
    files: { mailertable: 'example.jp\tcyrusv2d:cyrus\n', virtdomains: 'example.jp\n', aliases: '' },
  });
});
afterAll(async () => {
  await sendmail?.stop();
  await daemon?.stop();
  await rm(folder, { recursive: true });
});

test('a refusal in our log has the id that the mail log has', async () => {
  const recipients = ['Alice@example.jp', '"alice"@example.jp', 'nobody@example.jp', '"a b"@example.jp'];
  const replies = (await sendmail.rcpt(recipients)).map(status);
  expect(replies).toEqual(['250 2.1.5', '250 2.1.5', '550 5.1.1', '550 5.1.1']);
  const logged = await daemon.logged(/"key":"nobody@example.jp"/);
  const id = /"queueId":"([0-9a-z]+)"/.exec(logged)?.[1] ?? 'none';
  const mail = await sendmail.logged(/ruleset=check_rcpt, arg1=<nobody@example.jp>/);
  expect(mail.toLowerCase()).toContain(` ${id}: ruleset=check_rcpt`);
  await daemon.logged(/"key":"a b@example.jp"/);
});
