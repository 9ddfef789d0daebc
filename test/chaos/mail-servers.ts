// The real mail servers that ask: Sendmail with FEATURE(cyrusmap), Postfix with virtual_mailbox_maps. Neither counts mistakes of a
// client here, since a good third of the recipients do not exist.
import type { MailServer } from '../containers/mail-server.js';
import { startPostfix } from '../containers/postfix.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { readMc } from '../system/mc/read.js';

type Suite = 'bookworm' | 'trixie';

/** @param socketmap such as `local:/run/cyrusmapd/socketmap`; the folder is there inside */
export async function sendmailOf(suite: Suite, mapFolder: string, socketmap: string): Promise<MailServer> {
  return startSendmail({
    suite,
    mc: await readMc('cyrusmap-mailertable.mc', socketmap),
    mapFolder,
    files: { ...EMPTY_TABLES, mailertable: 'example.jp\tcyrusv2d:cyrus\n', virtdomains: 'example.jp\n' },
    flags: ['-O', 'MaxDaemonChildren=0', '-O', 'ConnectionRateThrottle=0'],
  });
}

export function postfixOf(suite: Suite, mapFolder: string, socketmap: string): Promise<MailServer> {
  const main = `
    myhostname = mx.mail.test
    mydestination = mx.mail.test
    mynetworks = 127.0.0.1
    inet_protocols = ipv4
    smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
    recipient_delimiter = +
    virtual_mailbox_domains = example.jp
    virtual_mailbox_maps = socketmap:${socketmap}:cyrus
    virtual_transport = lmtp:unix:cyrus/lmtp
    smtpd_soft_error_limit = 1000000
    smtpd_hard_error_limit = 1000000
    smtpd_junk_command_limit = 1000000
    smtpd_error_sleep_time = 0
  `;
  return startPostfix({ suite, mapFolder, main: main.replace(/^ +/gm, '') });
}
