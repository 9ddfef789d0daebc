// What of Valkey's wire (RESP, valkey.io/topics/protocol) a client of a few commands needs: each is answered as the test says, in
// clear or over TLS.
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Pair } from '../certificates.js';

/** @returns the reply as it is sent, such as `+OK`, `:1`, `$-1` or `-NOPERM no`; undefined for none at all */
export type Answering = (command: readonly string[]) => string | undefined;

export class RespServer {
  readonly port: number;
  /** All that came, in order. */
  readonly commands: (readonly string[])[];
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, commands: (readonly string[])[], sockets: Set<Socket>) {
    this.#server = server;
    this.commands = commands;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param pair the certificate, for TLS */
  static async listen(answer: Answering, pair?: Pair): Promise<RespServer> {
    const commands: (readonly string[])[] = [];
    const sockets = new Set<Socket>();
    const serve = (socket: Socket): void => {
      let text = '';
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
        for (let taken = take(text); taken !== undefined; taken = take(text)) {
          text = taken.rest;
          commands.push(taken.command);
          const reply = answer(taken.command);
          if (reply !== undefined) socket.write(`${reply}\r\n`);
        }
      });
    };
    const server =
      pair === undefined
        ? createServer(serve)
        : createTlsServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, serve);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RespServer(server, commands, sockets);
  }

  /** Ends all connections; whoever comes again is served. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.drop();
    await closed;
  }
}

/** The first whole command, and what is behind it. */
function take(text: string): { command: readonly string[]; rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const command: string[] = [];
  let at = head[0].length;
  for (let i = 0; i < Number(head[1]); i++) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (length === null) return undefined;
    const from = at + length[0].length;
    at = from + Number(length[1]) + 2;
    if (text.length < at) return undefined;
    command.push(text.slice(from, at - 2));
  }
  return { command, rest: text.slice(at) };
}
