// Real Postfix with the policy service, and a Cyrus that counts the message (lmtp_strict_quota): a sender is told at once, by the
// size that he declares or by what came, what lmtpd would say of it later; and whoever fits is delivered.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { newMarker } from '../containers/lmtp-delivery.js';
import type { MailServer } from '../containers/mail-server.js';
import { mainCf, startPostfix } from '../containers/postfix.js';
import { status } from '../containers/smtp.js';
import { makeMapFolder } from './map-folder.js';

const STRANGER = '127.0.0.2';
const LIMIT_BYTES = 100 * 1024;
const FULL = '452 4.2.2';

/** `example.net` is not in [domains]: what becomes of a letter without us. */
const MAIN = mainCf(
  'virtual_mailbox_domains = example.jp, example.net',
  'smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:cyrusmapd/policy',
  'smtpd_end_of_data_restrictions = check_policy_service unix:cyrusmapd/policy',
);

describe.each(['bookworm', 'trixie'] as const)(
  'Postfix of %s before a Cyrus that counts the message',
  (suite) => {
    let folder: string;
    let cyrus: CyrusContainer;
    let daemon: DaemonProcess;
    let postfix: MailServer;

    beforeAll(async () => {
      folder = await makeMapFolder();
      cyrus = await startCyrus({ imapd: { lmtp_strict_quota: 'yes' } });
      const admin = await cyrus.admin();
      await admin.create('user/canary@example.jp');
      for (const domain of ['example.jp', 'example.net']) {
        await admin.create(`user/small@${domain}`);
        await admin.setquota(`user/small@${domain}`, { storage: LIMIT_BYTES / 1024 });
      }
      daemon = await DaemonProcess.start({
        listen: [`unix:${join(folder, 'socketmap')}`],
        config: `
        [policy]
        listen = ["unix:${join(folder, 'policy')}"]
        socket_mode = "0666"
        [backchannel.cyrus]
        type = "lmtp"
        endpoint = "${cyrus.lmtpUnix}"
        canary = "canary@example.jp"
        strict_quota = true
        [domains]
        "example.jp" = "cyrus"
      `,
      });
      postfix = await startPostfix({ suite, main: MAIN, mapFolder: folder, lmtpFolder: cyrus.socketFolder });
    });
    afterAll(async () => {
      await postfix?.stop();
      await daemon?.stop();
      await cyrus?.stop();
      await rm(folder, { recursive: true });
    });

    async function send(rcpt: string, bytes: number, declared?: number): Promise<string[]> {
      const client = await postfix.session(STRANGER);
      await client.command(`MAIL FROM:<a@sender.test>${declared === undefined ? '' : ` SIZE=${declared}`}`);
      const answer = status(await client.command(`RCPT TO:<${rcpt}>`));
      const body = `${'x'.repeat(70)}\n`.repeat(Math.ceil(bytes / 72));
      const { code, enhanced } = answer.startsWith('250')
        ? await client.data(`Subject: test\n\n${body}`)
        : none;
      await client.quit();
      return code === 0 ? [answer] : [answer, `${code} ${enhanced}`.trim()];
    }
    const none = { code: 0, enhanced: '' };

    test('a size that is declared is judged at RCPT', async () => {
      expect(await send('small@example.jp', 10, LIMIT_BYTES + 1)).toEqual([FULL]);
      expect(await send('small+detail@example.jp', 10, LIMIT_BYTES + 1)).toEqual([FULL]);
    });

    test('a size that is not, or was too small, is judged at the end of the message', async () => {
      for (const declared of [undefined, 10]) {
        const [rcpt, end] = await send('small@example.jp', LIMIT_BYTES + 2000, declared);
        expect([rcpt, end?.slice(0, 3)]).toEqual(['250 2.1.5', '452']);
      }
    });

    test('without us lmtpd says the same at its RCPT, and the letter waits until it bounces', async () => {
      expect((await send('small@example.net', LIMIT_BYTES + 2000)).map((each) => each.slice(0, 3))).toEqual([
        '250',
        '250',
      ]);
      const line = await postfix.logged(/to=<small@example\.net>.*status=deferred.*/);
      expect(line).toMatch(/said: 452 4\.2\.2 .*\(in reply to RCPT TO command\)/);
    });

    test('what fits is taken, with its size and without, and is delivered', async () => {
      for (const declared of [undefined, 20_000]) {
        const marker = newMarker();
        const client = await postfix.session(STRANGER);
        await client.command(`MAIL FROM:<a@sender.test>${declared === undefined ? '' : ` SIZE=${declared}`}`);
        expect(status(await client.command('RCPT TO:<small@example.jp>'))).toBe('250 2.1.5');
        expect((await client.data(`Subject: test\n\n${marker}\n${'x\n'.repeat(5000)}`)).code).toBe(250);
        await client.quit();
        await expect.poll(() => cyrus.where(marker), { timeout: 20_000 }).toHaveLength(1);
      }
    });
  },
);
