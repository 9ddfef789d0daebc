// A daemon as a process of its own before a fake lmtpd, and others that take over from it; and mail servers that ask all the while.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { MAIN, Serving } from './cyrusmapd-process.js';
import { afterwards, temporaryFolder } from './socketmap-rig.js';

export const ALICE = 'alice@example.jp';
export const BOB = 'bob@example.jp';
export const NOBODY = 'nobody@example.jp';
/** The deadline of a lookup, and what a busy machine may add. */
const LATE_MS = 5_500;

export class TakeoverRig {
  readonly lmtpd: LmtpServer;
  readonly folder: string;
  readonly config: string;

  private constructor(lmtpd: LmtpServer, folder: string) {
    this.lmtpd = lmtpd;
    this.folder = folder;
    this.config = join(folder, 'cyrusmapd.toml');
  }

  static async start(): Promise<TakeoverRig> {
    const folder = temporaryFolder();
    const lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
    afterwards(() => lmtpd.stop());
    lmtpd.mailboxes.set(ALICE, REPLIES.deliverable);
    const rig = new TakeoverRig(lmtpd, folder);
    rig.configure();
    return rig;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** @param socketmap more keys of that table @param ports where it listens too */
  configure(more = '', socketmap = '', lmtp = this.lmtpd.endpoint, ports: readonly string[] = []): void {
    const listen = [`unix:${this.path('socketmap')}`, ...ports];
    writeFileSync(
      this.config,
      `[socketmap]
listen = ${JSON.stringify(listen)}
${socketmap}
[backchannel.cyrus]
type = "lmtp"
endpoint = "${lmtp}"
canary = "${ALICE}"
autocreate = "accept"
[domains]
"example.jp" = "cyrus"
[admin]
listen = "unix:${this.path('control')}"
${more}`,
    );
  }

  /** Listens, or has taken over. */
  async serve(...flags: string[]): Promise<Serving> {
    const serving = this.begin(...flags);
    await serving.said('admin-listening');
    return serving;
  }

  begin(...flags: string[]): Serving {
    const serving = new Serving(['--config', this.config, ...flags]);
    afterwards(async () => void (await serving.stop('SIGKILL')));
    return serving;
  }

  /** What the release before takeovers was: it knows nothing of them. */
  olderRelease(): Promise<Serving> {
    const text = readFileSync(OLDER ?? MAIN, 'utf8');
    // As the shipped file does, it looks for package.json one level above itself.
    mkdirSync(this.path('dist'));
    const main = this.path('dist/older.mjs');
    writeFileSync(main, text.replaceAll(/(GET|POST) \/takeover"/g, '$1 /unheard"'));
    writeFileSync(this.path('package.json'), readFileSync(join(MAIN, '../../package.json')));
    const serving = new Serving(['--config', this.config], process.env, [], main);
    afterwards(async () => void (await serving.stop('SIGKILL')));
    return serving.said('admin-listening').then(() => serving);
  }

  async takeOver(): Promise<Serving> {
    const serving = this.begin('--takeover');
    await serving.said('takeover');
    return serving;
  }

  connect(endpoint = `unix:${this.path('socketmap')}`): Promise<SocketmapConnection> {
    return SocketmapConnection.connect(parseEndpoint(endpoint));
  }

  async lookup(key: string): Promise<string> {
    const client = await this.connect();
    const { status } = await client.lookup('cyrus', key);
    client.close();
    return status;
  }
}

/** The real one that is to be taken over from, by the name of its program; else ours without what it did not know. */
const OLDER = process.env['OLDER_RELEASE'];

/** What went wrong for mail servers: each is one answer, or one connection. */
export type Faults = { asked: number; deferred: number; wrong: number; late: number; refused: number };

/** Sessions that come and go as those of Sendmail do, until they are ended. */
export class Load {
  readonly faults: Faults = { asked: 0, deferred: 0, wrong: 0, late: 0, refused: 0 };
  readonly #connect: () => Promise<Asking>;
  readonly #sessions: Promise<void>[];
  #ended = false;

  /** @param lives for how many questions each of the sessions lasts; after that another one comes */
  constructor(rig: TakeoverRig, lives: readonly number[], connect?: () => Promise<Asking>) {
    this.#connect = connect ?? (() => asking(rig.connect()));
    this.#sessions = lives.map((life) => this.#keep(life));
  }

  async end(): Promise<Faults> {
    this.#ended = true;
    await Promise.all(this.#sessions);
    return this.faults;
  }

  async #keep(life: number): Promise<void> {
    while (!this.#ended) {
      try {
        await this.#session(life);
      } catch {
        this.faults.refused += 1;
        await sleep(10);
      }
    }
  }

  async #session(life: number): Promise<void> {
    const client = await this.#connect();
    for (let left = life; left > 0 && !this.#ended; left--) {
      const [key, expected] = left % 2 === 0 ? [ALICE, 'OK'] : [NOBODY, 'NOTFOUND'];
      const began = performance.now();
      const status = await client.ask(key);
      this.faults.asked += 1;
      if (performance.now() - began > LATE_MS) this.faults.late += 1;
      if (status === 'TEMP') this.faults.deferred += 1;
      else if (status !== expected) this.faults.wrong += 1;
      await sleep(5);
    }
    client.close();
  }
}

/** A connection of a mail server. */
export type Asking = {
  /** @returns the status of a reply */
  ask(key: string): Promise<string>;
  close(): void;
};

export async function asking(connecting: Promise<SocketmapConnection>): Promise<Asking> {
  const client = await connecting;
  return {
    ask: async (key) => (await client.lookup('cyrus', key)).status,
    close: () => client.close(),
  };
}

export const NO_FAULTS = { deferred: 0, wrong: 0, late: 0, refused: 0 };
