// A mail host in a folder, with nothing wrong: Sendmail's files and a program that says how it was compiled, Cyrus'
// files and an lmtpd that plays it, a sasldb in LMDB, and the daemon itself. A test plants its mistake in a file.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { run, Serving, type Result } from './cyrusmapd-process.js';

const LMDB_MAGIC = 0xbeefc0de;
const LMDB_PAGE = 4096;
const READERS = 126;

export class DoctorHost {
  readonly root = mkdtempSync(join(tmpdir(), 'doctor-'));
  readonly socket = join(this.root, 'run/socketmap');
  readonly #lmtpd: LmtpServer;
  #daemon: Serving | undefined;

  private constructor(lmtpd: LmtpServer) {
    this.#lmtpd = lmtpd;
  }

  static async start(): Promise<DoctorHost> {
    const host = new DoctorHost(await LmtpServer.listen(0));
    mkdirSync(join(host.root, 'run'));
    host.mend();
    await host.startDaemon();
    return host;
  }

  async startDaemon(): Promise<void> {
    this.#daemon = new Serving(['--config', this.path('cyrusmapd.toml')]);
    await this.#daemon.endpoint();
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.stop();
  }

  async stop(): Promise<void> {
    await this.stopDaemon();
    await this.#lmtpd.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  get lmtp(): string {
    return this.#lmtpd.endpoint;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Every file as it should be. */
  mend(): void {
    for (const [name, text] of Object.entries(this.#files())) this.write(name, text);
    this.write('sendmail', program('DNSMAP LOG MILTER SASLv2\n\t\tSOCKETMAP STARTTLS XDEBUG'), 0o755);
    for (const table of ['access', 'mailertable', 'virtusertable']) this.build(table);
    writeFileSync(this.path('sasldb2'), lmdbData(10));
    this.takeReaders(3);
    this.#lmtpd.mailboxes.clear();
    for (const domain of ['example.jp', 'example.net']) {
      this.#lmtpd.mailboxes.set(`postmaster@${domain}`, REPLIES.deliverable);
    }
  }

  write(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    rmSync(this.path(name), { force: true });
    writeFileSync(this.path(name), text, { mode });
  }

  /** Replaces a part of a file. */
  edit(name: string, from: string, to: string): void {
    const text = readFileSync(this.path(name), 'utf8');
    if (!text.includes(from)) throw new Error(`${name} has no ${JSON.stringify(from)}`);
    this.write(name, text.replace(from, to));
    if (name === 'access' || name === 'mailertable') this.build(name);
  }

  append(name: string, line: string): void {
    this.write(name, `${readFileSync(this.path(name), 'utf8')}${line}\n`);
    if (name === 'access' || name === 'mailertable') this.build(name);
  }

  /** What makemap(8) leaves behind, as far as its age goes. */
  build(table: string): void {
    this.write(`${table}.db`, 'built');
  }

  /** Its database is older than the table. */
  outdate(table: string): void {
    utimesSync(this.path(`${table}.db`), new Date(0), new Date(0));
  }

  compileWithout(option: string): void {
    this.write('sendmail', program('DNSMAP SOCKETMAP XDEBUG'.replace(option, 'LOG')), 0o755);
  }

  removeMailbox(address: string): void {
    this.#lmtpd.mailboxes.delete(address);
  }

  /** Our own process holds the slots. */
  takeReaders(count: number): void {
    const lock = Buffer.alloc(128 + READERS * 64);
    lock.writeUInt32LE(LMDB_MAGIC, 0);
    for (let slot = 0; slot < count; slot++) lock.writeInt32LE(process.pid, 128 + slot * 64 + 8);
    writeFileSync(this.path('sasldb2-lock'), lock);
  }

  fillSasldb(pages: number): void {
    writeFileSync(this.path('sasldb2'), lmdbData(pages));
  }

  doctor(...args: string[]): Promise<Result> {
    const files = {
      '--config': 'cyrusmapd.toml',
      '--sendmail-cf': 'sendmail.cf',
      '--sendmail': 'sendmail',
      '--imapd-conf': 'imapd.conf',
      '--cyrus-conf': 'cyrus.conf',
    };
    const flags = Object.entries(files).flatMap(([flag, name]) => [flag, this.path(name)]);
    return run('doctor', ...flags, ...args);
  }

  #files(): { readonly [name: string]: string } {
    return {
      'cyrusmapd.toml': `[socketmap]
listen = ["unix:${this.socket}"]
[backchannel.cyrus]
type = "lmtp"
endpoint = "${this.#lmtpd.endpoint}"
canary = "postmaster@example.jp"
`,
      // A folder for temporary files is sticky.
      'sendmail.cf': `F{VirtHost}-o ${this.path('virtdomains')}
Kaccess hash -o -T<TMPF> ${this.path('access')}
Kmailertable hash ${this.path('mailertable')}
Kvirtuser hash -o ${this.path('virtusertable')}
Kcyrus socket -a<OK> -T<TMPF> local:${this.socket}
O DontBlameSendmail=TrustStickyBit
Mcyrusv2d, P=[IPC], F=lsDFMnqXz1m
`,
      virtdomains: 'example.jp\nexample.net\n',
      mailertable: 'example.jp\tmrs_cyrus_mailertable:\nexample.net\tmrs_cyrus_mailertable:\n',
      access: 'Connect:192.0.2.1\tRELAY\n',
      virtusertable: '',
      'imapd.conf': `configdirectory: ${this.root}\nvirtdomains: userid\nsasl_sasldb_path: ${this.path('sasldb2')}\n`,
      'cyrus.conf': `SERVICES {\n  lmtp cmd="lmtpd -a" listen="${portOf(this.#lmtpd)}" maxchild=20\n}\n`,
    };
  }
}

function portOf({ endpoint }: LmtpServer): string {
  return /^inet:(\d+)@/.exec(endpoint)?.[1] ?? '';
}

/** With -bv it says of each address what a good host's Sendmail would. */
function program(compiled: string): string {
  return `#!/bin/sh
case "$*" in
*-bv*)
  shift 3
  for address; do
    case $address in
    cyrusmapd-doctor-*) echo "$address... User unknown" ;;
    *) echo "$address... deliverable: mailer cyrusv2d, host dummy, user $address" ;;
    esac
  done
  ;;
*) printf 'Version 8.17.1\\n Compiled with: %s\\n\\n' '${compiled}' ;;
esac
`;
}

/** What is at the beginning of a sasldb of 1 MiB, of which so many pages are in use. */
export function lmdbData(pages: number): Buffer {
  const head = Buffer.alloc(2 * LMDB_PAGE);
  head.writeUInt32LE(LMDB_MAGIC, 16);
  head.writeBigUInt64LE(1_048_576n, 32);
  head.writeUInt32LE(LMDB_PAGE, 40);
  head.writeBigUInt64LE(BigInt(pages - 1), 136);
  return head;
}
