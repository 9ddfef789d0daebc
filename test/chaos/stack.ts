// One Cyrus, the daemon before it with everything that can be done to both, and the mail servers before that. One kind of stack is a
// mail host: UNIX sockets, imapd.conf, the clock. The other asks a Cyrus elsewhere, over TCP and by name, with a canary.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { NetConnectOpts, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEndpoint, type Endpoint } from '../../src/net/endpoint.js';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import type { MailServer } from '../containers/mail-server.js';
import { relayTo } from '../containers/socket-relay.js';
import { KeptDaemon } from './kept-daemon.js';
import { LmtpProxy } from './lmtp-proxy.js';
import { postfixOf, sendmailOf } from './mail-servers.js';
import type { Random } from './random.js';
import { Room } from './room.js';
import type { Truth } from './truth.js';

const LIST = '/run/cyrus/socket/mailboxes.db';
/** Few, so that it runs out of them. */
const DESCRIPTORS = 512;

export type Kind = {
  readonly suite: 'bookworm' | 'trixie';
  /** On Cyrus' own host, or elsewhere. */
  readonly where: 'here' | 'elsewhere';
  /** Whether a Sendmail asks smmapd as well. */
  readonly smmapd: boolean;
};

export type AskingServer = { readonly name: string; readonly port: number; readonly id: string };

export class Stack {
  readonly kind: Kind;
  readonly truth: Truth;
  readonly folder: string;
  readonly counts = new Map<string, number>();
  readonly cyrus: CyrusContainer;
  readonly proxy: LmtpProxy;
  readonly room: Room;
  readonly daemon: KeptDaemon;
  readonly servers: readonly AskingServer[];
  readonly smmapd: AskingServer | undefined;
  readonly #running: readonly MailServer[];
  readonly #relay: Server;

  private constructor(kind: Kind, truth: Truth, parts: Parts) {
    this.kind = kind;
    this.truth = truth;
    this.folder = parts.folder;
    this.cyrus = parts.cyrus;
    this.proxy = parts.proxy;
    this.room = parts.room;
    this.daemon = parts.daemon;
    this.#relay = parts.relay;
    this.#running = parts.running.map(({ server }) => server);
    const named = parts.running.map(({ name, server }) => ({ name, port: server.port, id: server.id }));
    this.servers = named.slice(0, 2);
    this.smmapd = named[2];
  }

  static async start(kind: Kind, truth: Truth, random: Random): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'map'), { mode: 0o755 });
    const cyrus = await startCyrus({
      suite: kind.suite,
      imapd: { mboxlist_db_path: LIST, delete_mode: 'immediate' },
      keepsPorts: true,
    });
    await cyrus.exec(['sh', '-c', `cp -p ${LIST} ${LIST}.empty`], 'cyrus');
    const admin = await cyrus.admin();
    await Promise.all(truth.stays.map((name) => admin.create(`user/${name}`)));
    await admin.close();
    await cyrus.exec(['sh', '-c', `cp -p ${LIST} ${LIST}.older`], 'cyrus');
    const place = kind.where === 'here' ? join(folder, 'lmtp') : 0;
    const proxy = await LmtpProxy.listen(place, lmtpOf(kind, cyrus), random.fork());
    const room = await Room.open(folder);
    const config = join(folder, 'cyrusmapd.toml');
    writeFileSync(config, configOf(kind, folder, room, proxy));
    if (kind.where === 'here') writeFileSync(join(folder, 'imapd.conf'), imapdConfOf(cyrus, folder));
    const within = [...room.within, 'prlimit', `--nofile=${DESCRIPTORS}`];
    const daemon = await KeptDaemon.start(config, join(folder, 'map/socketmap'), within);
    const relay = await relayTo(join(folder, 'map/smmapd'), `${cyrus.socketFolder}/smmapd`);
    const running = await mailServers(kind, join(folder, 'map'));
    return new Stack(kind, truth, { folder, cyrus, proxy, room, daemon, relay, running });
  }

  /** Past the wire. */
  get lmtpd(): NetConnectOpts {
    return lmtpOf(this.kind, this.cyrus);
  }

  /** Of the daemon's socket. */
  get path(): string {
    return join(this.folder, 'map/socketmap');
  }

  get endpoint(): Endpoint {
    return parseEndpoint(`unix:${this.path}`);
  }

  get byName(): boolean {
    return this.kind.where === 'elsewhere';
  }

  get imapdConf(): string | undefined {
    return this.kind.where === 'here' ? join(this.folder, 'imapd.conf') : undefined;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Each part, whatever became of the others. */
  async stop(): Promise<void> {
    await Promise.allSettled([
      ...this.#running.map((server) => server.stop()),
      this.daemon.stop(),
      this.proxy.stop(),
      new Promise((resolve) => this.#relay.close(resolve)),
    ]);
    await Promise.allSettled([this.room.close(), this.cyrus.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Parts = {
  readonly folder: string;
  readonly cyrus: CyrusContainer;
  readonly proxy: LmtpProxy;
  readonly room: Room;
  readonly daemon: KeptDaemon;
  readonly relay: Server;
  readonly running: readonly { readonly name: string; readonly server: MailServer }[];
};

function lmtpOf({ where }: Kind, cyrus: CyrusContainer): NetConnectOpts {
  const { path, port } = parts(where === 'here' ? cyrus.lmtpUnix : cyrus.lmtp);
  return path === undefined ? { port, host: '127.0.0.1', noDelay: true } : { path };
}

function parts(text: string): { readonly path?: string; readonly port: number } {
  const endpoint = parseEndpoint(text);
  return endpoint.kind === 'unix' ? { path: endpoint.path, port: 0 } : { port: endpoint.port };
}

/** @param back-off short, so that what is measured is the daemon, and not a pause that is a matter of taste */
function configOf({ where }: Kind, folder: string, { disk }: Room, { port }: LmtpProxy): string {
  const lmtp = where === 'here' ? `unix:${folder}/lmtp` : `inet:${port}@lmtp.chaos.test`;
  const proof =
    where === 'here'
      ? `[cyrus]\nimapd_conf = "${folder}/imapd.conf"\n`
      : '[cyrus]\nimapd_conf = ""\n[lookup]\npost_user = "post"\ndefault_domain = "rig.test"\n';
  const canary = where === 'here' ? '' : 'canary = "stay0@example.jp"\n';
  return `[socketmap]
listen = ["unix:${folder}/map/socketmap"]
socket_mode = "0666"
takeover_grace = "10s"
shutdown_grace = "1s"
[backchannel.cyrus]
type = "lmtp"
endpoint = "${lmtp}"
backoff_min = "100ms"
backoff_max = "500ms"
${canary}${proof}[cache]
state_file = "${disk}/known"
state_interval = "10s"
[log]
file = "${disk}/log"
format = "json"
[admin]
listen = "unix:${folder}/control"
`;
}

function imapdConfOf({ socketFolder }: CyrusContainer, folder: string): string {
  return [
    `configdirectory: ${folder}`,
    `mboxlist_db_path: ${socketFolder}/mailboxes.db`,
    `lmtpsocket: ${folder}/lmtp`,
    'virtdomains: userid',
    'defaultdomain: rig.test',
    'unixhierarchysep: yes',
    'postuser: post',
    '',
  ].join('\n');
}

async function mailServers({ suite, smmapd }: Kind, mapFolder: string): Promise<Parts['running']> {
  const [sendmail, postfix] = suite === 'bookworm' ? ['8.17', '3.7'] : ['8.18', '3.10'];
  const asked = [
    { name: `Sendmail ${sendmail}`, server: sendmailOf(suite, mapFolder, 'local:/run/cyrusmapd/socketmap') },
    { name: `Postfix ${postfix}`, server: postfixOf(suite, mapFolder, 'unix:cyrusmapd/socketmap') },
  ];
  if (smmapd) {
    asked.push({
      name: `Sendmail ${sendmail}`,
      server: sendmailOf(suite, mapFolder, 'local:/run/cyrusmapd/smmapd'),
    });
  }
  return Promise.all(asked.map(async ({ name, server }) => ({ name, server: await server })));
}
