// HTTP/1.1 on a listener of ours: a UNIX socket, or TCP for the networks that may ask. Each connection has one request, with a
// deadline and small limits, so that a client that is slow or sends too much does not hold up lookups. I/O.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '../net/endpoint.js';
import { Listener } from '../net/listener.js';
import type { NetworkList } from '../net/network-list.js';
import type { SocketFileRules } from '../net/socket-file.js';

/** How many connections there may be; one more is closed at once. */
const CONNECTIONS_MAX = 64;
/** How long a client has for the head of its request, from the connection on, in milliseconds. */
const REQUEST_TIMEOUT_MS = 5_000;
/** How long a client may read nothing of its answer, in milliseconds. */
const WRITE_TIMEOUT_MS = 30_000;
const HEAD_MAX_BYTES = 8_192;
const BACKLOG = 64;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export type FrontOptions = SocketFileRules & {
  /** Who may ask over TCP; undefined allows everybody who can connect. */
  readonly allowed: NetworkList | undefined;
  /** See ListenerRules. */
  readonly beside?: boolean;
};

export class HttpFront {
  readonly #http: Server;
  readonly #listener: Listener;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(http: Server, listener: Listener, sockets: ReadonlySet<Socket>) {
    this.#http = http;
    this.#listener = listener;
    this.#sockets = sockets;
  }

  /** @throws UnavailableError, ConfigError as Listener.open() does */
  static async open(endpoint: Endpoint, options: FrontOptions, handle: Handler): Promise<HttpFront> {
    const sockets = new Set<Socket>();
    const begun = new WeakMap<Socket, NodeJS.Timeout>();
    const http = createServer(
      { maxHeaderSize: HEAD_MAX_BYTES, keepAlive: false, requireHostHeader: false },
      (request, response) => {
        clearTimeout(begun.get(request.socket));
        // We take no bodies, so what comes after the head is not read, and the connection is closed.
        response.setHeader('Connection', 'close');
        request.socket.setTimeout(WRITE_TIMEOUT_MS, () => request.socket.destroy());
        handle(request, response).catch(() => response.destroy());
      },
    );
    http.on('clientError', (_, socket) => socket.destroy());
    http.on('upgrade', (_, socket) => socket.destroy());
    http.on('connect', (_, socket) => socket.destroy());
    const accepted = (socket: Socket): void => {
      if (sockets.size >= CONNECTIONS_MAX || !mayAsk(socket, endpoint, options.allowed)) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      begun.set(
        socket,
        setTimeout(() => socket.destroy(), REQUEST_TIMEOUT_MS),
      );
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearTimeout(begun.get(socket));
        sockets.delete(socket);
      });
      http.emit('connection', socket);
    };
    const rules = { ...options, backlog: BACKLOG };
    const listener = await Listener.open(endpoint, rules, { accepted, failed: () => undefined });
    return new HttpFront(http, listener, sockets);
  }

  get listener(): Listener {
    return this.#listener;
  }

  /** Closes all connections at once, since a `tail` would never end. */
  close(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#http.close();
  }
}

function mayAsk(socket: Socket, endpoint: Endpoint, allowed: NetworkList | undefined): boolean {
  if (endpoint.kind === 'unix' || allowed === undefined) return true;
  return socket.remoteAddress !== undefined && allowed.has(socket.remoteAddress);
}
