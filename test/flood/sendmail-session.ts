// Asks as an SMTP session of Sendmail's does: one question at a time, 30 s for each, and after those it keeps the connection
// and takes whatever comes then as the answer to its next question (sendmail/map.c, socket_map_lookup()).
import { connect, type Socket } from 'node:net';
import type { Endpoint } from '../../src/net/endpoint.js';
import { formatRequest } from '../../src/socketmap/protocol.js';
import { NetstringDecoder } from '../../src/socketmap/netstring.js';

const SENDMAIL_TIMEOUT_MS = 30_000;

/** What was made of a question, and after how long: from the attempt to connect, where the question was the first. */
export type Answer = {
  readonly key: string;
  /** A reply, or `refused`, `closed` or `timeout`: three kinds of a 451. */
  readonly said: string;
  readonly ms: number;
};

export class SendmailSession {
  readonly #endpoint: Endpoint;
  #socket: Socket | undefined;
  #decoder = new NetstringDecoder();
  /** Came, and nobody waited any more. */
  #unread: string[] = [];
  #waiting: ((said: string) => void) | undefined;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async ask(key: string): Promise<Answer> {
    const start = performance.now();
    const timeout = setTimeout(() => this.#take('timeout'), SENDMAIL_TIMEOUT_MS);
    const said = await new Promise<string>((resolve) => {
      this.#waiting = resolve;
      (this.#socket ??= this.#connect()).write(formatRequest('cyrus', key), 'latin1');
      const late = this.#unread.shift();
      if (late !== undefined) this.#take(late);
    });
    clearTimeout(timeout);
    return { key, said, ms: performance.now() - start };
  }

  end(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const to = this.#endpoint;
    const socket = connect(
      to.kind === 'unix' ? { path: to.path } : { host: to.host, port: to.port, noDelay: true },
    );
    let connected = false;
    this.#decoder = new NetstringDecoder();
    this.#unread = [];
    socket.on('connect', () => (connected = true));
    socket.on('data', (chunk) => {
      this.#decoder.feed(chunk);
      for (let said = this.#decoder.next(); said !== undefined; said = this.#decoder.next()) this.#take(said);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#socket = undefined;
      this.#waiting?.(connected ? 'closed' : 'refused');
      this.#waiting = undefined;
    });
    return socket;
  }

  #take(said: string): void {
    if (this.#waiting === undefined) this.#unread.push(said);
    this.#waiting?.(said);
    this.#waiting = undefined;
  }
}
