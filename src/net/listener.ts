// One listening socket: TCP over IPv4 or IPv6, or UNIX. Opens it, says where it listens, closes it. I/O.
import { once } from 'node:events';
import { lookup as resolveHost } from 'node:dns/promises';
import { lstatSync } from 'node:fs';
import { createServer, isIP, type ListenOptions, type Server, type Socket } from 'node:net';
import { formatEndpoint, type Endpoint } from './endpoint.js';
import { ConfigError, UnavailableError, codeOf, messageOf } from '../errors.js';
import { SHARES_PORTS } from './shared-port.js';
import {
  giveAway,
  isInUse,
  makeFolderFor,
  nameToBind,
  publish,
  removeFolderOf,
  removeIfSame,
  removeLeftOver,
  withMode,
  type FileIdentity,
  type SocketFileRules,
} from './socket-file.js';
import { isSame, type Inode, type Succession } from './socket-place.js';

/** After so long a silence the kernel asks whether the peer's host is still there. UNIX sockets have no need of that. */
const KEEPALIVE_DELAY_MS = 60_000;

export type ListenerRules = SocketFileRules & {
  readonly backlog: number;
  /**
   * Whether to take the place of whoever listens there: a UNIX socket waits beside it under another name, a port is shared.
   * By default a place in use is left alone.
   */
  readonly beside?: boolean;
};

export type ListenerEvents = {
  readonly accepted: (socket: Socket, listener: Listener) => void;
  /** accept() failed; the listener goes on. */
  readonly failed: (error: Error, listener: Listener) => void;
};

export class Listener {
  readonly #server: Server;
  #file: FileIdentity | undefined;
  #bound: string | undefined;
  #socket: Inode | undefined;
  readonly #again: () => Promise<Spare>;
  #spare: Spare | undefined;
  /** A second server, which got the place back after a takeover was undone; the first one goes on beside it. */
  #inPlace: Server | undefined;
  /** Where it listens, with the port that the kernel gave for port 0. */
  readonly endpoint: Endpoint;
  /** The same, in Sendmail's notation. */
  readonly name: string;

  private constructor(server: Server, opened: Opened, again: () => Promise<Spare>) {
    const { endpoint, file, bound, socket } = opened;
    this.#server = server;
    this.#file = file;
    this.#bound = bound;
    this.#socket = socket;
    this.#again = again;
    this.endpoint = endpoint;
    this.name = formatEndpoint(endpoint);
  }

  /**
   * @throws UnavailableError where it cannot be opened
   * @throws ConfigError where its file cannot have the configured owner, group or path
   */
  static async open(endpoint: Endpoint, rules: ListenerRules, events: ListenerEvents): Promise<Listener> {
    const server = newServer();
    try {
      const opened =
        endpoint.kind === 'unix'
          ? await openUnix(server, endpoint.path, rules)
          : await openInet(server, endpoint, rules);
      const again = async (): Promise<Spare> => {
        const spare = newServer();
        accept(spare);
        return { server: spare, bound: await openBeside(spare, path, rules) };
      };
      const path = endpoint.kind === 'unix' ? endpoint.path : '';
      const listener: Listener = new Listener(server, opened, again);
      const accept = (by: Server): void => {
        by.on('connection', (socket) => events.accepted(socket, listener));
        by.on('error', (error) => events.failed(error, listener));
      };
      accept(server);
      return listener;
    } catch (error) {
      server.close();
      throw explained(error, endpoint);
    }
  }

  /** The name under which it waits for the place of another socket; undefined where it has its own place. */
  get succession(): Succession | undefined {
    const { endpoint } = this;
    if (endpoint.kind !== 'unix' || this.#bound === undefined) return undefined;
    return { place: endpoint.path, bound: this.#bound };
  }

  /**
   * Looks whether it has its place, after sockets were exchanged or that was undone.
   * @returns whether its name leads to it
   */
  look(): boolean {
    if (this.endpoint.kind !== 'unix') return true;
    const found = lstatSync(this.endpoint.path, { bigint: true, throwIfNoEntry: false });
    const same = found !== undefined && this.#socket !== undefined && isSame(found, this.#socket);
    this.#file = same ? found : undefined;
    return same;
  }

  /** Gives up its place, where it still has it. Connections that were made already go on. */
  vacate(): void {
    if (this.endpoint.kind === 'unix' && this.look() && this.#file !== undefined)
      removeIfSame(this.endpoint.path, this.#file);
  }

  /**
   * Opens another socket that waits beside this one's place, to get the place back if a takeover is undone.
   * @returns its name @throws what the system throws
   */
  async prepare(): Promise<string> {
    this.#spare ??= await this.#again();
    return this.#spare.bound;
  }

  /** It keeps its place for good: other names are removed, and the other socket too, unless it has the place. */
  settle(): void {
    if (this.#bound !== undefined) removeFolderOf(this.#bound);
    this.#bound = undefined;
    if (this.#spare === undefined) return;
    removeFolderOf(this.#spare.bound);
    if (this.#spare.server !== this.#inPlace) this.#spare.server.close();
    this.#spare = undefined;
  }

  /** The other socket has the place now. */
  resettle(): void {
    if (this.#spare === undefined || this.endpoint.kind !== 'unix') return;
    const found = lstatSync(this.endpoint.path, { bigint: true, throwIfNoEntry: false });
    const waits = lstatSync(this.#spare.bound, { throwIfNoEntry: false }) !== undefined;
    if (found !== undefined && !waits) {
      this.#inPlace = this.#spare.server;
      this.#socket = found;
      this.#file = found;
    }
    this.settle();
  }

  /** Accepts nobody any more, from this turn on. Connections that were made already are left alone. */
  close(): void {
    if (this.endpoint.kind === 'unix' && this.#file !== undefined)
      removeIfSame(this.endpoint.path, this.#file);
    this.settle();
    this.#server.close();
    this.#inPlace?.close();
  }
}

/** A socket opened by the same rules, under another name. */
type Spare = { readonly server: Server; readonly bound: string };

function newServer(): Server {
  return createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_DELAY_MS,
  });
}

type Opened = {
  readonly endpoint: Endpoint;
  readonly file?: FileIdentity;
  /** For a UNIX socket: which file it is. */
  readonly socket?: Inode;
  readonly bound?: string;
};

async function openUnix(server: Server, path: string, rules: ListenerRules): Promise<Opened> {
  const endpoint = { kind: 'unix', path } as const;
  const waits = rules.beside === true && (await isInUse(path));
  if (!waits) await removeLeftOver(path);
  const bound = await openBeside(server, path, rules);
  if (waits) return { endpoint, socket: lstatSync(bound, { bigint: true }), bound };
  try {
    const file = publish(bound, path);
    return { endpoint, file, socket: file };
  } finally {
    removeFolderOf(bound);
  }
}

/** @returns the name at which it listens, in a folder of its own */
async function openBeside(server: Server, path: string, rules: ListenerRules): Promise<string> {
  const bound = nameToBind(path);
  makeFolderFor(bound);
  try {
    const listening = once(server, 'listening');
    withMode(rules.socketMode, () => server.listen({ path: bound, backlog: rules.backlog }));
    await listening;
    giveAway(bound, rules);
    return bound;
  } catch (error) {
    removeFolderOf(bound);
    throw error;
  }
}

async function openInet(
  server: Server,
  { kind, host, port }: Exclude<Endpoint, { kind: 'unix' }>,
  { backlog, beside = false }: ListenerRules,
): Promise<Opened> {
  const family = kind === 'inet' ? 4 : 6;
  const address = isIP(host) === 0 ? (await resolveHost(host, { family })).address : host;
  const options: ListenOptions = { host: address, port, backlog, ipv6Only: kind === 'inet6' };
  if (SHARES_PORTS && port !== 0 && !beside) await requireFree(options);
  const listening = once(server, 'listening');
  server.listen(SHARES_PORTS ? Object.assign(options, { reusePort: true }) : options);
  await listening;
  const bound = server.address();
  const given = bound !== null && typeof bound === 'object' ? bound.port : port;
  return { endpoint: { kind, host, port: given } };
}

/** Two daemons that know nothing of each other could share a port, so it is tried alone first. @throws where somebody listens */
async function requireFree(options: ListenOptions): Promise<void> {
  const probe = createServer();
  const listening = once(probe, 'listening');
  probe.listen(options);
  await listening;
  probe.close();
  await once(probe, 'close');
}

function explained(error: unknown, endpoint: Endpoint): Error {
  if (error instanceof ConfigError || error instanceof UnavailableError) return error;
  const where = formatEndpoint(endpoint);
  const inUse = codeOf(error) === 'EADDRINUSE';
  const what = inUse
    ? `${where} is in use: another process listens there`
    : `${where} cannot be opened: ${messageOf(error)}`;
  return new UnavailableError(what, { cause: error });
}
