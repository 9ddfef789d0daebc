// A real mail server before Cyrus, as the mail host of three domains has it, with aliases and lists. It asks whatever socketmap it is
// given; what it returns to the senders goes to a sink.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailServer } from '../containers/mail-server.js';
import { mainCf, startPostfix } from '../containers/postfix.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { startLmtpSink, type LmtpSink } from '../fakes/lmtp-sink.js';
import { ALIASES, DOMAINS } from './recipients.js';

const POLL_MS = 200;

/** Nothing is kept for another day: what cannot be delivered goes back to its sender now. */
const RETURN_AT_ONCE = 'Timeout.queuereturn=1s';

export type Make = 'Sendmail' | 'Postfix';

export class PostOffice {
  readonly #make: Make;
  readonly #server: MailServer;
  readonly #sink: LmtpSink;

  private constructor(make: Make, server: MailServer, sink: LmtpSink) {
    this.#make = make;
    this.#server = server;
    this.#sink = sink;
  }

  /**
   * @param folder with the socket `socketmap`, for whomever it asks
   * @param lmtpFolder with the socket of lmtpd
   */
  static async open(make: Make, folder: string, lmtpFolder: string): Promise<PostOffice> {
    const sink = await startLmtpSink(join(folder, 'sink'));
    const start = make === 'Sendmail' ? sendmail : postfix;
    return new PostOffice(make, await start(folder, lmtpFolder), sink);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Waits until its queue is empty: every letter that it took is delivered or returned. @returns those to whom it was returned */
  async returned(): Promise<ReadonlySet<string>> {
    const [command, empty] =
      this.#make === 'Sendmail'
        ? [
            `sendmail -C /etc/mail/sendmail.cf -qf -O ${RETURN_AT_ONCE}; sendmail -C /etc/mail/sendmail.cf -bp`,
            ' is empty',
          ]
        : ['postqueue -f; postqueue -p', 'queue is empty'];
    while (!(await this.#server.exec('sh', '-c', command)).includes(empty)) await sleep(POLL_MS);
    return new Set(this.#sink.recipients);
  }

  async close(): Promise<void> {
    await this.#server.stop();
    await this.#sink.stop();
  }
}

async function sendmail(mapFolder: string, lmtpFolder: string): Promise<MailServer> {
  const aliases = [...ALIASES].map(([address, members], i) => ({ address, name: `list${i}`, members }));
  return startSendmail({
    mc: await readFile(new URL('letters.mc', import.meta.url), 'utf8'),
    mapFolder,
    lmtpFolder,
    files: {
      ...EMPTY_TABLES,
      mailertable: [
        ...DOMAINS.map((domain) => `${domain}\tcyrusv2d:cyrus\n`),
        'sender.test\tsink:sink\n',
      ].join(''),
      virtdomains: DOMAINS.map((domain) => `${domain}\n`).join(''),
      virtusertable: aliases.map(({ address, name }) => `${address}\t${name}\n`).join(''),
      aliases: aliases.map(({ name, members }) => `${name}: ${members.join(', ')}\n`).join(''),
    },
    flags: ['-O', 'DeliveryMode=interactive', '-O', 'MaxDaemonChildren=0', '-O', 'ConnectionRateThrottle=0'],
  });
}

function postfix(mapFolder: string, lmtpFolder: string): Promise<MailServer> {
  const aliases = [...ALIASES].map(([address, members]) => `{${address} = ${members.join(', ')}}`);
  const main = mainCf(
    `virtual_mailbox_domains = ${DOMAINS.join(', ')}`,
    'virtual_mailbox_maps = socketmap:unix:cyrusmapd/socketmap:cyrus',
    `virtual_alias_maps = inline:{${aliases.join(', ')}}`,
    'transport_maps = inline:{sender.test=lmtp:unix:cyrusmapd/sink}',
    'maximal_queue_lifetime = 0',
    'bounce_queue_lifetime = 0',
    'smtpd_soft_error_limit = 1000000',
    'smtpd_hard_error_limit = 1000000',
    'smtpd_junk_command_limit = 1000000',
    'smtpd_error_sleep_time = 0',
  );
  return startPostfix({ main, mapFolder, lmtpFolder });
}
