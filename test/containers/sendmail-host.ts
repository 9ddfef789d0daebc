// A whole host of Sendmail's in a container, on which `cyrusmapd doctor` runs as an administrator has it: real Sendmail with its
// tables, a lmtpd that plays Cyrus, a socketmap of ours. A test plants its mistake in a file, and does what doctor says.
import { chmod, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { lmdbData } from '../integration/doctor-host.js';
import type { Host } from '../mends/administrator.js';
import { makeMapFolder } from '../system/map-folder.js';
import { readMc } from '../system/mc/read.js';
import type { MailServer } from './mail-server.js';
import { EMPTY_TABLES, startSendmail } from './sendmail.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const TREES = { stock: '/usr/share/sendmail/cf', port: '/usr/local/share/sendmail/cf' } as const;
const MC = '/etc/mail/sendmail.mc';
const CF = '/etc/mail/sendmail.cf';
const TOML = `[socketmap]
listen = ["unix:/run/cyrusmapd/socketmap"]
[backchannel.cyrus]
type = "lmtp"
endpoint = "unix:/run/cyrus/socket/lmtpd"
canary = "alice@example.jp"
`;

/** Each line after the reply to the one before. */
const CONVERSATION = `coproc S { sendmail -bs -C ${CF} 2>&1 || true; }
reply() { while IFS= read -r line <&"\${S[0]}"; do echo "$line"; [[ $line =~ ^[0-9]+' ' ]] && break; done; }
reply; for command; do printf '%s\\r\\n' "$command" >&"\${S[1]}"; reply; done`;

export type Found = { readonly check: string; readonly what: string; readonly mend: string };

export class SendmailHost implements Host {
  readonly mc = MC;
  readonly toml = '/etc/cyrusmapd.toml';
  readonly #folder: string;
  readonly #map: SocketmapServer;
  readonly #lmtpd: LmtpServer;
  readonly #sendmail: MailServer;
  #tree: keyof typeof TREES = 'stock';

  private constructor(folder: string, map: SocketmapServer, lmtpd: LmtpServer, sendmail: MailServer) {
    this.#folder = folder;
    this.#map = map;
    this.#lmtpd = lmtpd;
    this.#sendmail = sendmail;
  }

  static async start(suite: 'bookworm' | 'trixie'): Promise<SendmailHost> {
    const folder = await makeMapFolder();
    const known = (key: string): boolean => /^(?:alice|postmaster)@example\.(?:jp|net|org)$/.test(key);
    const answer = (key: string): string => (known(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist');
    const map = await startSocketmapServer(answer, join(folder, 'socketmap'));
    const lmtpd = await LmtpServer.listen(join(folder, 'lmtpd'));
    const sendmail = await startSendmail({
      suite,
      mc: await readMc('mailertable.mc', 'local:/run/cyrusmapd/socketmap'),
      mapFolder: folder,
      lmtpFolder: folder,
      mounts: [
        { source: dirname(process.execPath), target: '/opt/node' },
        { source: join(PROJECT, 'dist'), target: '/opt/cyrusmapd/dist' },
        { source: join(PROJECT, 'package.json'), target: '/opt/cyrusmapd/package.json' },
      ],
      files: {
        ...EMPTY_TABLES,
        mailertable: 'example.jp\tmrs_cyrus_mailertable:\nexample.net\tmrs_cyrus_mailertable:\n',
        virtdomains: 'example.jp\nexample.net\n',
        '/etc/cyrusmapd.toml': TOML,
      },
    });
    // Below /opt, which neither m4 nor Sendmail looks at.
    await sendmail.exec(
      'sh',
      '-c',
      `mkdir /opt/good; cp -a /etc/mail ${TREES.stock} /opt/good/; cp -a ${TREES.port} /opt/good/port`,
    );
    await writeFile(join(folder, 'sasldb'), lmdbData(10));
    return new SendmailHost(folder, map, lmtpd, sendmail);
  }

  /** Everything as it was. */
  async restore(): Promise<void> {
    this.#tree = 'stock';
    const copies = ['mail/. /etc/mail', `cf/. ${TREES.stock}`, `port/. ${TREES.port}`];
    await this.run(
      `rm -rf /etc/mail/* /etc/sasl2; mkdir /etc/sasl2; ${copies.map((each) => `cp -a /opt/good/${each}`).join('; ')}`,
    );
    await chmod(this.#folder, 0o755);
    for (const domain of ['jp', 'net', 'org']) this.createMailbox(`postmaster@example.${domain}`);
    this.createMailbox('alice@example.jp');
  }

  createMailbox(address: string): void {
    this.#lmtpd.mailboxes.set(address, REPLIES.deliverable);
  }

  deleteMailbox(address: string): void {
    this.#lmtpd.mailboxes.delete(address);
  }

  /** Builds sendmail.cf, with the m4 files of this tree from now on. */
  async build(tree = this.#tree): Promise<void> {
    this.#tree = tree;
    const folder = TREES[tree];
    await this.run(`m4 -D_CF_DIR_=${folder}/ ${folder}/m4/cf.m4 ${MC} >${CF}`);
  }

  async doctor(): Promise<readonly Found[]> {
    const command =
      '/opt/node/node /opt/cyrusmapd/dist/cyrusmapd.js doctor --json --config /etc/cyrusmapd.toml';
    const said = await this.#sendmail.exec('sh', '-c', `${command} || true`);
    return (JSON.parse(said) as { findings: readonly Found[] }).findings;
  }

  /** What a Sendmail that starts now says of who exists, and of who does not. */
  async answers(): Promise<string[]> {
    const lines = [
      'EHLO x',
      'MAIL FROM:<a@sender.test>',
      'RCPT TO:<alice@example.jp>',
      'RCPT TO:<nobody@example.jp>',
    ];
    const said = await this.#exec(CONVERSATION, ...lines, 'QUIT');
    return said.split('\r\n').flatMap((line) => /^\d{3} \d\.1\.[15]/.exec(line)?.[0] ?? []);
  }

  async read(path: string): Promise<string> {
    return this.run(`cat ${path}`);
  }

  /** sendmail.cf is built anew where its .mc file is written. */
  async write(path: string, text: string): Promise<void> {
    await this.#exec(`printf %s "$1" >${path}`, text);
    if (path === MC) await this.build();
  }

  async run(command: string): Promise<string> {
    // Each question here is asked of a Sendmail that starts for it.
    return command.startsWith('service sendmail restart') ? '' : this.#exec(command);
  }

  async #exec(script: string, ...args: string[]): Promise<string> {
    const said = await this.#sendmail.exec('bash', '-euc', script, 'bash', ...args);
    if (/\nexit status \d+$/.test(said)) throw new Error(`${script}: ${said}`);
    return said;
  }

  async stop(): Promise<void> {
    await this.#sendmail.stop();
    await this.#map.stop();
    await this.#lmtpd.stop();
    await rm(this.#folder, { recursive: true });
  }
}
