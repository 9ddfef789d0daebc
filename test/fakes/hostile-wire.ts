// A wire between a client and an lmtpd, both on UNIX sockets, that does to what lmtpd says what it is told to: chunk by chunk it says
// something twice, late, in pieces, or cuts it off. Nothing overtakes anything else.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of one chunk. Places are parts of it from 0 to 1, times are milliseconds. */
export type Harm =
  | { readonly kind: 'none' }
  /** The whole of it a second time, at once or later. */
  | { readonly kind: 'twice'; readonly afterMs: number }
  /** One of its lines twice. */
  | { readonly kind: 'line twice'; readonly at: number }
  | { readonly kind: 'late'; readonly afterMs: number }
  | { readonly kind: 'in pieces'; readonly at: number; readonly afterMs: number }
  /** Its beginning, and then the end of the connection. */
  | { readonly kind: 'cut'; readonly at: number };

export class HostileWire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** In Sendmail's notation. */
  readonly endpoint: string;
  readonly #lmtpd: string;
  readonly #next: () => Harm;

  private constructor(path: string, lmtpd: string, next: () => Harm) {
    this.endpoint = `unix:${path}`;
    this.#lmtpd = lmtpd;
    this.#next = next;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /**
   * @param path where it listens
   * @param lmtpd the path of its socket
   * @param next asked for each chunk of lmtpd
   */
  static async listen(path: string, lmtpd: string, next: () => Harm): Promise<HostileWire> {
    const wire = new HostileWire(path, lmtpd, next);
    await new Promise<void>((resolve) => wire.#server.listen(path, resolve));
    return wire;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const lmtpd = connect({ path: this.#lmtpd });
    let turn: Promise<void> = Promise.resolve();
    for (const socket of [client, lmtpd]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        lmtpd.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => void lmtpd.write(chunk));
    lmtpd.on('data', (chunk: Buffer) => {
      const harm = this.#next();
      turn = turn.then(() => deliver(client, chunk, harm));
    });
  }
}

async function deliver(client: Socket, chunk: Buffer, harm: Harm): Promise<void> {
  switch (harm.kind) {
    case 'none':
      client.write(chunk);
      return;
    case 'twice':
      if (harm.afterMs === 0) client.write(Buffer.concat([chunk, chunk]));
      else {
        client.write(chunk);
        await passed(harm.afterMs);
        client.write(chunk);
      }
      return;
    case 'line twice': {
      const lines = chunk.toString('latin1').split(/(?<=\n)/);
      const twice = placeIn(lines.length, harm.at);
      client.write(lines.map((line, i) => (i === twice ? line + line : line)).join(''), 'latin1');
      return;
    }
    case 'late':
      await passed(harm.afterMs);
      client.write(chunk);
      return;
    case 'in pieces': {
      const place = placeIn(chunk.length, harm.at);
      client.write(chunk.subarray(0, place));
      await passed(harm.afterMs);
      client.write(chunk.subarray(place));
      return;
    }
    case 'cut':
      client.end(chunk.subarray(0, placeIn(chunk.length, harm.at)));
  }
}

function placeIn(length: number, at: number): number {
  return Math.min(length - 1, Math.floor(at * length));
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
