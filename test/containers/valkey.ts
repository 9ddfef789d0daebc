// Valkey in a container (docker/valkey), with the users of docs/several-machines.md as they are printed there; and links to it
// that can be frozen, cut and slowed down, one for each daemon.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';
import { freePort } from './mail-server.js';

const PAGE = fileURLToPath(new URL('../../docs/several-machines.md', import.meta.url));
const PORT = 6379;
const RESTART_MS = 30_000;
/** As in docker/valkey, again and again: an end of the first process would be the end of the container. */
const AGAIN_AND_AGAIN = 'while :; do valkey-server /conf/valkey.conf; sleep 0.2; done';
/** Of both users, in the place of what the page has. */
export const SECRET = 'for-the-tests';

export class ValkeyContainer {
  readonly #container: StartedTestContainer;
  readonly #folder: string;
  readonly port: number;

  private constructor(container: StartedTestContainer, folder: string, port: number) {
    this.#container = container;
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<ValkeyContainer> {
    const folder = await mkdtemp(join(tmpdir(), 'valkey-'));
    const users = (await readFile(PAGE, 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('user cyrusmapd'));
    const lines = ['bind 0.0.0.0', 'protected-mode no', 'save ""', `user default on >${SECRET} ~* &* +@all`];
    const acl = users.map((line) => line.replace(/>\S+/, `>${SECRET}`));
    await writeFile(join(folder, 'valkey.conf'), [...lines, ...acl, ''].join('\n'));
    const port = await freePort();
    const container = await new GenericContainer('cyrusmapd/valkey:trixie')
      .withExposedPorts({ container: PORT, host: port })
      .withBindMounts([{ source: folder, target: '/conf', mode: 'ro' }])
      .withEntrypoint(['tini', '--', 'sh', '-c', AGAIN_AND_AGAIN])
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
      .start();
    return new ValkeyContainer(container, folder, port);
  }

  /** Of the container, where others on its bridge reach it, without a proxy in between. */
  get url(): string {
    return `valkey://${this.address}:${PORT}`;
  }

  get address(): string {
    return this.#container.getIpAddress('bridge');
  }

  async cli(...command: readonly string[]): Promise<string> {
    const { output } = await this.#container.exec([
      'valkey-cli',
      '--no-auth-warning',
      '-a',
      SECRET,
      ...command,
    ]);
    return output;
  }

  /** @param signal STOP or CONT */
  async signal(signal: string): Promise<void> {
    await this.#container.exec(['sh', '-c', `kill -${signal} $(pidof valkey-server)`]);
  }

  /** Kills it. The container starts it again, empty. */
  async restart(): Promise<void> {
    await this.signal('KILL');
    const until = Date.now() + RESTART_MS;
    while (!(await this.cli('ping')).startsWith('PONG')) {
      if (Date.now() > until) throw new Error(`Valkey does not answer ${RESTART_MS} ms after it was killed`);
      await pause(100);
    }
  }

  async stop(): Promise<void> {
    await this.#container.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The way to Valkey of one daemon. */
export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #delayMs = 0;
  #frozen = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param host where it listens, on this machine */
  static async open(valkey: ValkeyContainer, host = '127.0.0.1'): Promise<Link> {
    const server = createServer({ noDelay: true });
    const link = new Link(server);
    const to = { host: valkey.address, port: PORT, noDelay: true };
    server.on('connection', (near) => link.#join(near, connect(to)));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return link;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `valkey://${address}:${port}`;
  }

  /** Nothing passes, and nobody is told. */
  freeze(): void {
    this.#frozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Each way. */
  slow(ms: number): void {
    this.#delayMs = ms;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  heal(): void {
    this.#delayMs = 0;
    if (this.#frozen) this.cut();
    this.#frozen = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      if (this.#frozen) from.pause();
      from.on('data', (bytes) => {
        if (this.#delayMs === 0) to.write(bytes);
        else setTimeout(() => to.write(bytes), this.#delayMs);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
