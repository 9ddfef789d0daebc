// Stands between the daemon and lmtpd, and does to what lmtpd says what a network, a broken middlebox or a dying host does:
// delays, cuts, corrupts, duplicates, swallows for a while, drips, refuses. Seeded.
import {
  createServer,
  type AddressInfo,
  type NetConnectOpts,
  type Server,
  type Socket,
  connect,
} from 'node:net';
import type { Random } from './random.js';

export type Harm = 'none' | 'delay' | 'cut' | 'corrupt' | 'duplicate' | 'black hole' | 'drip' | 'refuse';

const DRIP_MS = 10;
/** Of a hundred chunks. */
const HARMED = 30;

export class LmtpProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #target: NetConnectOpts;
  #harm: Harm = 'none';
  #random: Random;

  private constructor(target: NetConnectOpts, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @param place a path, or a port of the loopback interface; 0 is a free one */
  static async listen(place: string | number, target: NetConnectOpts, random: Random): Promise<LmtpProxy> {
    const proxy = new LmtpProxy(target, random);
    const where = typeof place === 'string' ? { path: place } : { port: place, host: '127.0.0.1' };
    await new Promise<void>((resolve) => proxy.#server.listen(where, resolve));
    return proxy;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  harm(harm: Harm, random: Random): void {
    this.#random = random;
    this.#harm = harm;
    if (harm === 'refuse') this.cut();
  }

  /** What was held back goes on, as TCP does it after an outage. */
  heal(): void {
    this.#harm = 'none';
    for (const link of this.#links) link.release();
  }

  cut(): void {
    for (const link of this.#links) link.end();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    if (this.#harm === 'refuse') {
      socket.destroy();
      return;
    }
    const link = new Link(
      socket,
      connect(this.#target),
      () => this.#harm,
      () => this.#random,
    );
    this.#links.add(link);
    socket.on('close', () => this.#links.delete(link));
  }
}

class Link {
  readonly #client: Socket;
  readonly #lmtpd: Socket;
  readonly #harm: () => Harm;
  readonly #random: () => Random;
  readonly #held: { readonly to: Socket; readonly chunk: Buffer }[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  /** When what is delayed or dripped last is due: nothing overtakes it. */
  #due = 0;

  constructor(client: Socket, lmtpd: Socket, harm: () => Harm, random: () => Random) {
    this.#client = client;
    this.#lmtpd = lmtpd;
    this.#harm = harm;
    this.#random = random;
    client.on('data', (chunk: Buffer) => this.#forward(client, lmtpd, chunk));
    lmtpd.on('data', (chunk: Buffer) => this.#forward(lmtpd, client, chunk));
    for (const socket of [client, lmtpd]) {
      socket.on('error', () => undefined);
      socket.on('close', () => this.end());
    }
  }

  release(): void {
    for (const { to, chunk } of this.#held.splice(0)) to.write(chunk);
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#client.destroy();
    this.#lmtpd.destroy();
  }

  #forward(from: Socket, to: Socket, chunk: Buffer): void {
    const random = this.#random();
    const told = from === this.#lmtpd;
    const harmed = told && random.below(100) < HARMED;
    switch (this.#harm()) {
      case 'none':
        this.#write(to, chunk, 0);
        return;
      case 'black hole':
      case 'refuse':
        this.#held.push({ to, chunk });
        return;
      case 'delay':
        this.#write(to, chunk, random.between(20, 400));
        return;
      case 'drip':
        if (told) for (const byte of chunk) this.#write(to, Buffer.from([byte]), DRIP_MS);
        else this.#write(to, chunk, 0);
        return;
      case 'cut':
        if (harmed) to.write(chunk.subarray(0, random.below(chunk.length)), () => this.end());
        else this.#write(to, chunk, 0);
        return;
      case 'corrupt':
        if (harmed) chunk[random.below(chunk.length)] = random.below(256);
        this.#write(to, chunk, 0);
        return;
      case 'duplicate':
        this.#write(to, harmed ? duplicated(chunk, random) : chunk, 0);
    }
  }

  #write(to: Socket, chunk: Buffer, afterMs: number): void {
    const now = performance.now();
    this.#due = Math.max(now, this.#due) + afterMs;
    if (this.#due <= now) {
      to.write(chunk);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      to.write(chunk);
    }, this.#due - now);
    this.#timers.add(timer);
  }
}

/** The whole once more, or one of its lines. */
function duplicated(chunk: Buffer, random: Random): Buffer {
  if (random.below(2) === 0) return Buffer.concat([chunk, chunk]);
  const lines = chunk.toString('latin1').split(/(?<=\n)/);
  const twice = random.below(lines.length);
  return Buffer.from(lines.flatMap((line, i) => (i === twice ? [line, line] : [line])).join(''), 'latin1');
}
