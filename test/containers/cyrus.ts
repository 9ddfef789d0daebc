// A real Cyrus IMAP in a container (docker/cyrus), of any of the four versions that Debian's suites have: its
// sockets and ports, its administrator, and what a test wants to do to it. Its lmtpd, imapd and smmapd are the
// judges that the daemon is measured against.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';
import { MEMORY, moveToMemory } from './cyrus-memory.js';
import { ImapAdmin } from './imap-admin.js';
import { LineClient } from './line-client.js';
import { deliver, deliverAll, MARKER, type Delivery, type DeliveryOptions } from './lmtp-delivery.js';
import { freePort } from './mail-server.js';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

const PORTS = { imap: 143, imaps: 993, lmtp: 2003, lmtpAuth: 2004, smmapd: 2016 } as const;
const PROGRAMS = '/usr/lib/cyrus/bin';

/** Cyrus 3.2, 3.6, 3.10 and 3.12. */
export const SUITES = ['bullseye', 'bookworm', 'trixie', 'sid'] as const;
export type Suite = (typeof SUITES)[number];

/** The account that is Cyrus' administrator, and the password of every account. */
export const ADMIN = 'cyrus';
export const PASSWORD = 'secret';

/** Where Cyrus sees the folder of the option `eventsFolder`. */
export const EVENTS_FOLDER = '/run/cyrus-events';
/** Where Cyrus sees the folder of the option `listFolder`. */
export const LIST_FOLDER = '/run/cyrus-list';

export interface CyrusOptions {
  /** bookworm by default. */
  readonly suite?: Suite;
  /** `replica` has sync_client as well; of bookworm only. */
  readonly image?: 'cyrus' | 'replica';
  /** Lines of imapd.conf, in the place of docker/cyrus/imapd.conf's own. */
  readonly imapd?: Readonly<Record<string, string>>;
  /** What its own address resolves to; nothing with a dot by default. */
  readonly hostname?: string;
  /** Accounts in sasldb beside the administrator, such as `alice@example.jp`. */
  readonly users?: readonly string[];
  /** Processes of each LMTP service, at most. */
  readonly lmtpMaxChild?: number;
  /** Processes of each smmapd service, at most. */
  readonly smmapMaxChild?: number;
  /** A folder with cert.pem, key.pem and ca.pem: STARTTLS everywhere, and imaps. */
  readonly tlsFolder?: string;
  /** A folder for the socket that Cyrus is to push events to; inside it is EVENTS_FOLDER. */
  readonly eventsFolder?: string;
  /** All that it keeps is in memory, so that no command takes the time of a disk. */
  readonly inMemory?: boolean;
  /** A folder for mailboxes.db, where this machine can read it. */
  readonly listFolder?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Its ports on this machine are the same after the container was killed and started again. */
  readonly keepsPorts?: boolean;
}

export async function startCyrus(options: CyrusOptions = {}): Promise<CyrusContainer> {
  // Short, for it takes the paths of UNIX sockets.
  const socketFolder = await mkdtemp(join(tmpdir(), 'cyrus-'));
  const mounts = [
    { source: socketFolder, target: '/run/cyrus/socket' },
    { source: options.tlsFolder, target: '/tls' },
    { source: options.eventsFolder, target: EVENTS_FOLDER },
    { source: options.listFolder, target: LIST_FOLDER },
  ].flatMap(({ source, target }) => (source === undefined ? [] : [{ source, target }]));
  try {
    const image = new GenericContainer(
      `cyrusmapd/${options.image ?? 'cyrus'}:${options.suite ?? 'bookworm'}`,
    );
    const container = await (options.hostname === undefined ? image : image.withHostname(options.hostname))
      .withExposedPorts(...(await exposed(options)))
      .withBindMounts(mounts)
      .withEnvironment(environment(options))
      .withLabels({ ...options.labels })
      .withTmpFs(options.inMemory === true ? { [MEMORY]: 'rw' } : {})
      .withWaitStrategy(Wait.forLogMessage('syslogd started'))
      .withStartupTimeout(START_TIMEOUT_MS)
      .start();
    const cyrus = new CyrusContainer(container, socketFolder);
    try {
      await cyrus.ready();
      if (options.inMemory === true) await moveToMemory(cyrus);
    } catch (error) {
      const log = await cyrus.log().catch(() => '(no log)');
      await cyrus.stop();
      throw new Error(`cyrus did not start; it logged:\n${log}`, { cause: error });
    }
    return cyrus;
  } catch (error) {
    await rm(socketFolder, { recursive: true, force: true });
    throw error;
  }
}

function exposed({
  keepsPorts = false,
}: CyrusOptions): Promise<(number | { container: number; host: number })[]> {
  const ports = Object.values(PORTS);
  return Promise.all(
    ports.map(async (container) => (keepsPorts ? { container, host: await freePort() } : container)),
  );
}

function environment(options: CyrusOptions): Record<string, string> {
  const { imapd = {}, users = [], lmtpMaxChild = 50, smmapMaxChild = 50, listFolder } = options;
  const list =
    listFolder === undefined ? {} : { mboxlist_db_path: `${LIST_FOLDER}/mailboxes.db`, umask: '022' };
  return {
    IMAPD_CONF_EXTRA: imapdLines({ ...list, ...imapd }).join('\n'),
    CYRUS_USERS: users.join(' '),
    CYRUS_PASSWORD: PASSWORD,
    LMTP_MAXCHILD: String(lmtpMaxChild),
    SMMAP_MAXCHILD: String(smmapMaxChild),
  };
}

function imapdLines(imapd: Readonly<Record<string, string>>): string[] {
  return Object.entries(imapd).map(([name, value]) => `${name}: ${value}`);
}

export class CyrusContainer {
  readonly #container: StartedTestContainer;
  readonly #admins: ImapAdmin[] = [];

  /** On this machine: the sockets `lmtp` (pre-authenticated) and `smmapd`. */
  readonly socketFolder: string;

  constructor(container: StartedTestContainer, socketFolder: string) {
    this.#container = container;
    this.socketFolder = socketFolder;
  }

  /** LMTP on a UNIX socket: pre-authenticated. */
  get lmtpUnix(): string {
    return `unix:${this.socketFolder}/lmtp`;
  }

  /** LMTP over TCP, pre-authenticated too (`lmtpd -a`). */
  get lmtp(): string {
    return this.#inet('lmtp');
  }

  /** LMTP over TCP that asks for AUTH. */
  get lmtpAuth(): string {
    return this.#inet('lmtpAuth');
  }

  /** Of the container, by which other containers reach it at Cyrus' own ports. */
  get address(): string {
    return this.#container.getIpAddress('bridge');
  }

  get imap(): string {
    return this.#inet('imap');
  }

  /** TLS from the first byte on; only with the option `tlsFolder`. */
  get imaps(): string {
    return this.#inet('imaps');
  }

  get smmapdUnix(): string {
    return `unix:${this.socketFolder}/smmapd`;
  }

  get smmapd(): string {
    return this.#inet('smmapd');
  }

  /** Runs a command in the container and gives what it wrote; throws where its status is not 0. */
  async exec(command: string[], user = 'root'): Promise<string> {
    const { output, exitCode } = await this.#container.exec(command, { user });
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: exit status ${exitCode}\n${output}`);
    return output;
  }

  /** All that Cyrus and its libraries have logged to syslog. */
  log(): Promise<string> {
    return this.exec(['cat', '/var/log/cyrus.log']);
  }

  /** Stops every process of Cyrus; the UNIX sockets' files stay, as they do on a real host. KILL is a crash. */
  async stopMaster(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    await this.exec(['cyrus-stop', signal]);
  }

  /** What the engine calls the container. */
  get id(): string {
    return this.#container.getId();
  }

  async startMaster(): Promise<void> {
    await this.exec(['cyrus-start']);
    await this.ready();
  }

  /** Puts other lines into imapd.conf (an empty value takes one out) and starts Cyrus anew. */
  async configure(imapd: Readonly<Record<string, string>>): Promise<void> {
    await this.stopMaster();
    await this.exec(['sh', '-c', 'printf "%s\\n" "$@" | cyrus-conf', '-', ...imapdLines(imapd)]);
    await this.startMaster();
  }

  /** A connection of its own, logged in as the administrator; closed with the container. */
  async admin(): Promise<ImapAdmin> {
    const admin = await ImapAdmin.login(this.#port('imap'), ADMIN, PASSWORD);
    this.#admins.push(admin);
    return admin;
  }

  /** Delivers a message over LMTP. */
  deliver(rcpt: string, options?: DeliveryOptions): Promise<Delivery> {
    return deliver(this.#port('lmtp'), rcpt, options);
  }

  /** Delivers a message to each, one after the other. */
  deliverAll(rcpts: readonly string[]): Promise<Delivery[]> {
    return deliverAll(this.#port('lmtp'), rcpts);
  }

  /** The mailboxes that hold a message with this marker, sorted, as an administrator names them. */
  async where(marker: string): Promise<string[]> {
    return (await this.whereabouts()).get(marker) ?? [];
  }

  /** The same of every message that was delivered, by its marker. */
  async whereabouts(): Promise<ReadonlyMap<string, string[]>> {
    const search = `grep -ro -e "${MARKER.source}" --include="*." /var/spool/cyrus/mail || true`;
    const found = lines(await this.exec(['sh', '-c', search])).map((line) => line.split(/\/[^/]*:/));
    if (found.length === 0) return new Map();
    const admin = await this.admin();
    const mailboxes = (await admin.mailboxes()).sort();
    await admin.close();
    // mbpath knows how each version of Cyrus lays out its spool.
    const paths = lines(await this.exec([`${PROGRAMS}/mbpath`, ...mailboxes], 'cyrus'));
    if (paths.length !== mailboxes.length) throw new Error(`mbpath: ${paths.join('\n')}`);
    const whereabouts = new Map<string, string[]>();
    for (const [index, mailbox] of mailboxes.entries()) {
      for (const [folder, marker = ''] of found) {
        if (folder === paths[index]) whereabouts.set(marker, [...(whereabouts.get(marker) ?? []), mailbox]);
      }
    }
    return whereabouts;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#admins.map((admin) => admin.close()));
    // So that whoever made the folder can remove it; root can in any case, also where Cyrus' container has ended.
    const giveBack = 'chown "$(cat /run/cyrus/socket.owner)" /run/cyrus/socket';
    await this.exec(['sh', '-c', giveBack]).catch(() => undefined);
    await this.#container.stop({ timeout: 0 });
    await rm(this.socketFolder, { recursive: true, force: true });
  }

  /** Waits until lmtpd and imapd have greeted; by then master has opened every other socket as well. */
  async ready(): Promise<void> {
    const end = Date.now() + START_TIMEOUT_MS;
    await greeted(this.#port('lmtp'), 'QUIT', end);
    await greeted(this.#port('imap'), 'z LOGOUT', end);
  }

  #port(service: keyof typeof PORTS): number {
    return this.#container.getMappedPort(PORTS[service]);
  }

  #inet(service: keyof typeof PORTS): string {
    return `inet:${this.#port(service)}@127.0.0.1`;
  }
}

function lines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

/** Asks until there is a greeting, and takes leave: with `maxchild` 1, a connection left open would be the only one. */
export async function greeted(port: number, leave: string, end: number): Promise<void> {
  for (;;) {
    const client = LineClient.connect(port);
    try {
      await client.line();
      client.send(leave);
      await client.line();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    } finally {
      client.close();
    }
  }
}
