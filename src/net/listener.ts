// One listening socket: TCP over IPv4 or IPv6, or UNIX. Opens it, says where it listens, closes it. I/O.
import { once } from 'node:events';
import { lookup as resolveHost } from 'node:dns/promises';
import { createServer, isIP, type ListenOptions, type Server, type Socket } from 'node:net';
import { formatEndpoint, type Endpoint } from './endpoint.js';
import { ConfigError, UnavailableError, codeOf, messageOf } from '../errors.js';
import {
  giveAway,
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

/** Finds hosts that vanished: after a minute's silence the kernel asks. UNIX sockets need none. */
const KEEPALIVE_DELAY_MS = 60_000;

export type ListenerRules = SocketFileRules & { readonly backlog: number };

export type ListenerEvents = {
  readonly accepted: (socket: Socket, listener: Listener) => void;
  /** accept() failed; the listener goes on. */
  readonly failed: (error: Error, listener: Listener) => void;
};

export class Listener {
  readonly #server: Server;
  readonly #file: FileIdentity | undefined;
  /** With the port that was given for port 0. */
  readonly endpoint: Endpoint;
  /** The same, in Sendmail's notation. */
  readonly name: string;

  private constructor(server: Server, { endpoint, file }: Opened) {
    this.#server = server;
    this.#file = file;
    this.endpoint = endpoint;
    this.name = formatEndpoint(endpoint);
  }

  /**
   * @throws UnavailableError where it cannot be opened
   * @throws ConfigError where its file cannot have the configured owner, group or path
   */
  static async open(endpoint: Endpoint, rules: ListenerRules, events: ListenerEvents): Promise<Listener> {
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_DELAY_MS,
    });
    try {
      const opened =
        endpoint.kind === 'unix'
          ? await openUnix(server, endpoint.path, rules)
          : await openInet(server, endpoint, rules);
      const listener = new Listener(server, opened);
      server.on('connection', (socket) => events.accepted(socket, listener));
      server.on('error', (error) => events.failed(error, listener));
      return listener;
    } catch (error) {
      server.close();
      throw explained(error, endpoint);
    }
  }

  /** Accepts no more, from this turn on. Connections are not its own. */
  close(): void {
    if (this.endpoint.kind === 'unix' && this.#file !== undefined)
      removeIfSame(this.endpoint.path, this.#file);
    this.#server.close();
  }
}

type Opened = { readonly endpoint: Endpoint; readonly file: FileIdentity | undefined };

async function openUnix(server: Server, path: string, rules: ListenerRules): Promise<Opened> {
  const bound = nameToBind(path);
  await removeLeftOver(path);
  makeFolderFor(bound);
  try {
    const listening = once(server, 'listening');
    withMode(rules.socketMode, () => server.listen({ path: bound, backlog: rules.backlog }));
    await listening;
    giveAway(bound, rules);
    return { endpoint: { kind: 'unix', path }, file: publish(bound, path) };
  } finally {
    removeFolderOf(bound);
  }
}

async function openInet(
  server: Server,
  { kind, host, port }: Exclude<Endpoint, { kind: 'unix' }>,
  { backlog }: ListenerRules,
): Promise<Opened> {
  const family = kind === 'inet' ? 4 : 6;
  const address = isIP(host) === 0 ? (await resolveHost(host, { family })).address : host;
  const options: ListenOptions = { host: address, port, backlog, ipv6Only: kind === 'inet6' };
  const listening = once(server, 'listening');
  server.listen(options);
  await listening;
  const bound = server.address();
  const given = bound !== null && typeof bound === 'object' ? bound.port : port;
  return { endpoint: { kind, host, port: given }, file: undefined };
}

function explained(error: unknown, endpoint: Endpoint): Error {
  if (error instanceof ConfigError || error instanceof UnavailableError) return error;
  const where = formatEndpoint(endpoint);
  const inUse = codeOf(error) === 'EADDRINUSE';
  const what = inUse ? `${where} is in use` : `${where} cannot be opened: ${messageOf(error)}`;
  return new UnavailableError(what, { cause: error });
}
