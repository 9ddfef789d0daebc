// Two real Cyrus servers with a publisher beside each, three daemons on "other machines" that follow both, and Valkey of Debian:
// how they are started, asked, and ended.
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseEndpoint } from '../../../src/net/endpoint.js';
import { SocketmapConnection } from '../../../src/socketmap/client.js';
import { EVENTS_FOLDER, startCyrus, type CyrusContainer, type CyrusOptions } from '../../containers/cyrus.js';
import { DaemonProcess } from '../../containers/daemon.js';
import type { ImapAdmin } from '../../containers/imap-admin.js';
import { SECRET, ValkeyContainer } from '../../containers/valkey.js';

/** As it is by default. */
export const LEASE_MS = 1_000;
export const FOLLOWERS = ['mx1', 'mx2', 'mx3'] as const;

/** A "no" is remembered too, while the lease holds. */
export const REMEMBERING = '[cache]\nnegative_ttl = "10s"\n';

/** One Cyrus, and what stands beside it. */
export type Server = {
  readonly name: string;
  readonly cyrus: CyrusContainer;
  readonly admin: ImapAdmin;
  /** Where Cyrus finds the socket of events, as `socket`. */
  readonly eventsFolder: string;
};

/** How a daemon reaches Valkey, and what it is started by. */
export type Way = { readonly url: string; readonly within?: readonly string[] };

export class FleetRig {
  readonly #folder: string;
  readonly valkey: ValkeyContainer;
  readonly servers: Server[] = [];
  readonly #daemons = new Map<string, DaemonProcess>();
  readonly #clients: SocketmapConnection[] = [];
  readonly #ending: (() => Promise<void> | void)[] = [];

  private constructor(folder: string, valkey: ValkeyContainer) {
    this.#folder = folder;
    this.valkey = valkey;
  }

  /** @param cyrus of each server */
  static async start(names: readonly string[], cyrus: CyrusOptions = {}): Promise<FleetRig> {
    const folder = await mkdtemp(join(tmpdir(), 'fleet-'));
    await chmod(folder, 0o755);
    const rig = new FleetRig(folder, await ValkeyContainer.start());
    await writeFile(rig.passwordFile, SECRET, { mode: 0o600 });
    await Promise.all(names.map((name) => rig.#startServer(name, cyrus)));
    rig.servers.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
    return rig;
  }

  get passwordFile(): string {
    return join(this.#folder, 'password');
  }

  /** Ended in turn, the last first, before all else. */
  afterwards(end: () => Promise<void> | void): void {
    this.#ending.push(end);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.stop()));
    for (const end of this.#ending.reverse()) await end();
    await Promise.all([this.valkey.stop(), ...this.servers.map(({ cyrus }) => cyrus.stop())]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * @param way undefined for a daemon that publishes nothing
   * @param name under which it is known: that of its server by default
   */
  async startPublisher(server: Server, way: Way | undefined, name = server.name): Promise<DaemonProcess> {
    const folder = join(server.eventsFolder, name);
    await mkdir(folder, { recursive: true });
    const config = `
      [backchannel.cyrus]
      type = "lmtp"
      endpoint = "${server.cyrus.lmtpUnix}"
      canary = "canary@${server.name}.jp"
      [events]
      listen = "unix:${folder}/socket"
      socket_mode = "0666"
      ${way === undefined ? '' : `${this.#fleet(way, 'cyrusmapd-publish')}publish = "${server.name}"`}
    `;
    const daemon = await this.#startDaemon(name, config, way?.within);
    await this.hear(server, name);
    if (way !== undefined) await daemon.logged(/fleet-well|listening-for-events/);
    return daemon;
  }

  /** From now on events go to the daemon of that name. */
  async hear({ eventsFolder }: Server, name: string): Promise<void> {
    const next = join(eventsFolder, 'next');
    await rm(next, { force: true });
    await symlink(`${name}/socket`, next);
    await rename(next, join(eventsFolder, 'socket'));
  }

  /** @param more of its configuration */
  startFollower(name: string, way: Way, more = ''): Promise<DaemonProcess> {
    const backchannels = this.servers.map(
      ({ name: server, cyrus }) => `
      [backchannel.${server}]
      type = "lmtp"
      endpoint = "${cyrus.lmtpUnix}"
      canary = "canary@${server}.jp"
      stream = "${server}"
    `,
    );
    const domains = this.servers.map(({ name: server }) => `"${server}.jp" = "${server}"`);
    const config = `${backchannels.join('')}\n[domains]\n${domains.join('\n')}\n${this.#fleet(way, 'cyrusmapd-follow')}${more}`;
    return this.#startDaemon(name, config, way.within);
  }

  daemon(name: string): DaemonProcess {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) throw new Error(`no daemon ${name}`);
    return daemon;
  }

  async connect(name: string): Promise<SocketmapConnection> {
    const client = await SocketmapConnection.connect(
      parseEndpoint(`unix:${join(this.#folder, name)}`, 'test'),
    );
    this.#clients.push(client);
    return client;
  }

  /** All followers, asked at once. */
  async asking(): Promise<(key: string) => Promise<string[]>> {
    const all = await Promise.all(FOLLOWERS.map((name) => this.connect(name)));
    return (key) => Promise.all(all.map(async (client) => (await client.lookup('cyrus', key)).status));
  }

  /** Until each follower has a lease of each server. */
  async leases(): Promise<void> {
    const until = performance.now() + 30_000;
    for (const name of FOLLOWERS) {
      while (!(await this.counters(name)).fleet.following.every(({ lease }) => lease)) {
        if (performance.now() > until) throw new Error(`${name} has no lease`);
        await pause(50);
      }
    }
  }

  async counters(name: string): Promise<Counters> {
    const daemon = this.daemon(name);
    const before = daemon.log(/"event":"stats"/).length;
    daemon.kill('SIGUSR2');
    return JSON.parse(await daemon.logged(/"event":"stats"/, before + 1)) as Counters;
  }

  #fleet({ url }: Way, user: string): string {
    return `[fleet]\nurl = "${url}"\nuser = "${user}"\npassword_file = "${this.passwordFile}"\n`;
  }

  async #startDaemon(name: string, config: string, within?: readonly string[]): Promise<DaemonProcess> {
    await this.#daemons.get(name)?.stop();
    const listen = [`unix:${join(this.#folder, name)}`];
    const daemon = await DaemonProcess.start({ listen, config, ...(within === undefined ? {} : { within }) });
    this.#daemons.set(name, daemon);
    return daemon;
  }

  async #startServer(name: string, options: CyrusOptions): Promise<void> {
    const eventsFolder = await mkdtemp(join(tmpdir(), `fleet-${name}-`));
    await chmod(eventsFolder, 0o755);
    this.afterwards(() => rm(eventsFolder, { recursive: true, force: true }));
    const imapd = {
      event_notifier: 'external',
      event_groups: 'mailbox',
      notifysocket: `dlist:${EVENTS_FOLDER}/socket`,
      delete_mode: 'immediate',
    };
    const cyrus = await startCyrus({ ...options, imapd, eventsFolder });
    const admin = await cyrus.admin();
    this.servers.push({ name, cyrus, admin, eventsFolder });
    for (const each of ['canary', 'letters']) await admin.create(`user/${each}@${name}.jp`);
  }
}

export type Counters = {
  readonly fleet: { readonly following: readonly { readonly lease: boolean }[] };
  readonly sources: { readonly known: number; readonly negative: number; readonly probe: number };
};
