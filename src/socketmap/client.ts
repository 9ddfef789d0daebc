// One connection that asks a socketmap as Sendmail does: for the command line, the tests, the bench, and src/client/. Questions
// may be pipelined; the replies come in their order. As strict as the server: any surprise ends it. I/O.
import { connect, type Socket } from 'node:net';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { DeadlineError, ProtocolError, UnavailableError, messageOf } from '../errors.js';
import { NetstringDecoder } from './netstring.js';
import { formatRequest, parseReply, type SocketmapReply } from './protocol.js';

/** Sendmail's, for connecting and for each reply. */
const DEFAULT_CLIENT_TIMEOUT_MS = 30_000;

/** Postfix's limit for a reply: socketmap_max_reply_size. */
const MAX_REPLY_BYTES = 100_000;

type Pending = {
  readonly resolve: (reply: SocketmapReply) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};

export class SocketmapConnection {
  readonly #socket: Socket;
  readonly #where: string;
  readonly #timeoutMs: number;
  readonly #decoder = new NetstringDecoder(MAX_REPLY_BYTES);
  readonly #pending: Pending[] = [];
  #failure: Error | undefined;

  private constructor(socket: Socket, where: string, timeoutMs: number) {
    this.#socket = socket;
    this.#where = where;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(this.#lost(error)));
    socket.on('close', () => this.#fail(this.#lost()));
    socket.unref();
  }

  /**
   * @throws UnavailableError where nobody answers there
   * @throws DeadlineError where nobody did in time
   */
  static connect(endpoint: Endpoint, timeoutMs = DEFAULT_CLIENT_TIMEOUT_MS): Promise<SocketmapConnection> {
    const where = formatEndpoint(endpoint);
    const socket = connect(endpoint.kind === 'unix' ? { path: endpoint.path } : addressOf(endpoint));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new DeadlineError(`${where} did not accept a connection within ${timeoutMs} ms`));
      }, timeoutMs);
      const refused = (error: Error): void => {
        clearTimeout(timer);
        reject(new UnavailableError(`${where} cannot be asked: ${messageOf(error)}`, { cause: error }));
      };
      socket.once('error', refused);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', refused);
        resolve(new SocketmapConnection(socket, where, timeoutMs));
      });
    });
  }

  /**
   * While nothing is asked, the connection does not keep the process going.
   * @param map latin1, as the key: a character a byte
   * @throws DeadlineError where no reply came in time: the connection is closed then, a late one must not go astray
   * @throws ProtocolError where what came is no reply, or one that nobody asked for
   * @throws UnavailableError where the connection was closed instead
   */
  lookup(map: string, key: string): Promise<SocketmapReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const timer = setTimeout(() => {
        this.#fail(new DeadlineError(`${this.#where} did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      if (this.#pending.push({ resolve, reject, timer }) === 1) this.#socket.ref();
      this.#socket.write(formatRequest(map, key), 'latin1');
    });
  }

  /** Whether nothing can be asked here any more: closed by either side, or out of step. */
  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /** Questions that are not yet answered are rejected. */
  close(): void {
    this.#fail(new UnavailableError(`connection to ${this.#where} is closed`));
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#decoder.feed(chunk);
    try {
      for (let payload = this.#decoder.next(); payload !== undefined; payload = this.#decoder.next()) {
        this.#answer(parseReply(payload));
      }
    } catch (error) {
      this.#fail(
        new ProtocolError(`${this.#where} broke the protocol: ${messageOf(error)}`, { cause: error }),
      );
    }
  }

  #answer(reply: SocketmapReply): void {
    const question = this.#pending.shift();
    if (question === undefined) throw new ProtocolError('a reply that nobody asked for');
    clearTimeout(question.timer);
    if (this.#pending.length === 0) this.#socket.unref();
    question.resolve(reply);
  }

  #lost(cause?: Error): UnavailableError {
    const why = cause === undefined ? '' : `: ${cause.message}`;
    return new UnavailableError(`${this.#where} closed the connection${why}`, { cause });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    for (const { reject, timer } of this.#pending.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

function addressOf({ kind, host, port }: Exclude<Endpoint, { kind: 'unix' }>) {
  return { host, port, family: kind === 'inet' ? 4 : 6, noDelay: true };
}
