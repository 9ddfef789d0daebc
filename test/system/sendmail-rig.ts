// A real Sendmail with a table of answers before it and a lmtpd that takes all behind it.

import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailServer } from '../containers/mail-server.js';
import { startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { startLmtpSink, type LmtpSink } from '../fakes/lmtp-sink.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

export class SendmailRig {
  readonly #folder: string;
  readonly #map: SocketmapServer;
  readonly #lmtp: LmtpSink;
  readonly sendmail: MailServer;
  #asked = 0;
  #delivered = 0;

  private constructor(folder: string, map: SocketmapServer, lmtp: LmtpSink, sendmail: MailServer) {
    this.#folder = folder;
    this.#map = map;
    this.#lmtp = lmtp;
    this.sendmail = sendmail;
  }

  static async start(
    mc: string,
    known: readonly string[],
    files: Record<string, string>,
  ): Promise<SendmailRig> {
    const folder = await makeMapFolder();
    const answer = (key: string): string => {
      if (key.startsWith('full')) return 'TEMP Over quota';
      return known.includes(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist';
    };
    const map = await startSocketmapServer(answer, join(folder, 'socketmap'));
    const lmtp = await startLmtpSink(join(folder, 'lmtp'));
    const sendmail = await startSendmail({
      mc: await readMc(mc, 'local:/run/cyrusmapd/socketmap'),
      mapFolder: folder,
      lmtpFolder: folder,
      files,
      flags: ['-O', 'DeliveryMode=interactive'],
    });
    return new SendmailRig(folder, map, lmtp, sendmail);
  }

  async rcpt(...recipients: string[]): Promise<string[]> {
    return (await this.sendmail.rcpt(recipients)).map(status);
  }

  /** Keys asked since the last time. */
  keys(): string[] {
    const keys = this.#map.requests.slice(this.#asked).map((request) => request.replace(/^cyrus /, ''));
    this.#asked = this.#map.requests.length;
    return keys;
  }

  /** Whom lmtpd was given since the last time. */
  delivered(): string[] {
    const recipients = this.#lmtp.recipients.slice(this.#delivered);
    this.#delivered = this.#lmtp.recipients.length;
    return recipients;
  }

  /** What m4 makes of these lines: sendmail.cf, and what it complains of. */
  m4(...lines: string[]): Promise<string> {
    return this.#m4('t=/usr/share/sendmail/cf', [...lines, "MAILER(`local')", "MAILER(`smtp')"]);
  }

  /** The same with the m4 files of FreeBSD's port, to which our cyrusv2d.m4 has been added. */
  m4PortWithOurs(...lines: string[]): Promise<string> {
    const add = 'cp /usr/share/sendmail/cf/mailer/cyrusv2d.m4 $t/mailer/';
    return this.#m4(`t=/usr/local/share/sendmail/cf; ${add}`, lines);
  }

  #m4(tree: string, lines: readonly string[]): Promise<string> {
    const mc = ["OSTYPE(`freebsd6')", ...lines, ''].join('\n');
    const run = `${tree}; printf %s "$1" | m4 -D_CF_DIR_=$t/ $t/m4/cf.m4 - 2>&1`;
    return this.sendmail.exec('sh', '-c', run, '-', mc);
  }

  /** Of the folder with both sockets. */
  async chmod(mode: number): Promise<void> {
    await chmod(this.#folder, mode);
  }

  async stop(): Promise<void> {
    await this.sendmail.stop();
    await this.#map.stop();
    await this.#lmtp.stop();
    await rm(this.#folder, { recursive: true });
  }
}
