// Somebody in the middle of a TLS connection, with a certificate that the client trusts: he reads all and passes it on, as it is or
// changed.
import { readFileSync } from 'node:fs';
import { connect as connectInClear, type AddressInfo, type Socket } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { Pair } from '../certificates.js';

type Connects = (port: number) => Socket;

const inTls: Connects = (port) => connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
/** As a program that ends TLS before a server that knows of none. */
export const inClear: Connects = (port) => connectInClear({ port, host: '127.0.0.1' });

export class Interceptor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param pair that he shows the client
   * @param port of the server, on this machine
   * @param change of what the server says
   * @param connects to the server: in TLS by default
   */
  static async listen(
    pair: Pair,
    port: number,
    change: (text: string) => string,
    connects: Connects = inTls,
  ): Promise<Interceptor> {
    const server = createServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });
    const interceptor = new Interceptor(server);
    server.on('secureConnection', (client) => interceptor.#passOn(client, connects(port), change));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return interceptor;
  }

  /** In Sendmail's notation. */
  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `inet:${port}@127.0.0.1`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #passOn(client: TLSSocket, server: Socket, change: (text: string) => string): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => server.write(chunk));
    server.on('data', (chunk: Buffer) => client.write(change(chunk.toString('latin1')), 'latin1'));
  }
}
