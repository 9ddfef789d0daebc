// A server of a line protocol that plays a dialogue, in clear or in TLS: it answers as its protocol does, and otherwise
// where a test says so: it is silent, late, closes, says too much or nonsense. Records what every client said.
import { createServer, type Server, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { TLSSocket, type SecureContext } from 'node:tls';

/**
 * What to do instead of the usual reply: bytes to write as they are (none, one reply or several), a promise of them,
 * for which everything after it waits, and
 *   close: writes nothing and closes · cut: writes half of it and closes
 *   silence: never says anything again on this connection
 */
export type Act = string | Promise<string> | typeof CLOSE | typeof CUT | typeof SILENCE;
export const CLOSE = Symbol('close');
export const CUT = Symbol('cut');
export const SILENCE = Symbol('silence');

/** @param usual the bytes that would be written; @returns undefined for those */
export type Override = (command: string, usual: string) => Act | undefined;

export interface Protocol {
  /** What is said first. */
  readonly greeting: string;
  /** @param secured whether it came in TLS */
  usual(command: string, secured: boolean): string;
  /** Whether TLS begins behind its reply. */
  startsTls(command: string): boolean;
  /** Whether the connection ends behind its reply. */
  ends(command: string): boolean;
}

export type Tls = {
  readonly context: SecureContext;
  readonly mode: 'starttls' | 'implicit';
  /** Whether a client's certificate is asked for. */
  readonly requestCert?: boolean;
};

/** One client's side of one connection. */
export type Dialogue = {
  /** Commands without CR LF. */
  readonly commands: string[];
  readonly secured: boolean;
  readonly closed: boolean;
};

type Peer = { stream: Socket; readonly dialogue: { commands: string[]; secured: boolean; closed: boolean } };

export class DialogueServer {
  readonly #server: Server;
  readonly #protocol: Protocol;
  readonly #tls: Tls | undefined;
  readonly #peers = new Set<Peer>();
  readonly #watchers = new Set<() => void>();
  /** Of every connection, in the order in which they came. */
  readonly dialogues: Dialogue[] = [];
  /** Asked for every command, and for the greeting as `''`. */
  override: Override = () => undefined;
  /** Writes every byte by itself. */
  splitting = false;
  /** Whether TLS begins where it should. */
  securing = true;

  private constructor(protocol: Protocol, tls: Tls | undefined) {
    this.#protocol = protocol;
    this.#tls = tls;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @param where the path of a UNIX socket, or a port of 127.0.0.1: 0 for a free one */
  static async listen(where: string | number, protocol: Protocol, tls?: Tls): Promise<DialogueServer> {
    const fake = new DialogueServer(protocol, tls);
    if (typeof where === 'string') await rm(where, { force: true });
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject);
      if (typeof where === 'string') fake.#server.listen(where, resolve);
      else fake.#server.listen(where, '127.0.0.1', resolve);
    });
    return fake;
  }

  /** In Sendmail's notation. */
  get endpoint(): string {
    const address = this.#server.address();
    if (typeof address === 'string') return `unix:${address}`;
    return `inet:${address?.port}@127.0.0.1`;
  }

  get connections(): number {
    return this.#peers.size;
  }

  /** All commands of all connections. */
  get commands(): string[] {
    return this.dialogues.flatMap(({ commands }) => commands);
  }

  /** Says something unasked on every connection. */
  say(bytes: string): void {
    for (const { stream } of this.#peers) stream.write(bytes, 'latin1');
  }

  /** Closes every connection, and goes on listening. */
  hangUp(): void {
    for (const { stream } of this.#peers) stream.end();
  }

  /** Resolves once it is so, looked at after each thing that a client does. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#watchers.delete(look);
          resolve();
        };
        this.#watchers.add(look);
      });
    }
  }

  async stop(): Promise<void> {
    for (const { stream } of this.#peers) stream.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const dialogue = { commands: [], secured: false, closed: false };
    const peer: Peer = { stream: socket, dialogue };
    this.#peers.add(peer);
    this.dialogues.push(dialogue);
    socket.on('close', () => {
      dialogue.closed = true;
      this.#peers.delete(peer);
      this.#noticed();
    });
    const act = this.#actor(peer);
    if (this.#tls?.mode === 'implicit') this.#secure(peer, act);
    else this.#listen(peer, act);
    act('');
    this.#noticed();
  }

  /** Acts one after the other, so that a promise holds up whatever comes after it. */
  #actor(peer: Peer): (command: string) => void {
    let turn = Promise.resolve();
    let silent = false;
    const act = (command: string): void => {
      const { secured } = peer.dialogue;
      const usual = command === '' ? this.#protocol.greeting : this.#protocol.usual(command, secured);
      turn = turn.then(async () => {
        if (silent) return;
        const does = this.override(command, usual) ?? usual;
        if (typeof does === 'symbol') {
          silent = true;
          if (does === CUT) this.#write(peer, usual.slice(0, usual.length / 2));
          if (does !== SILENCE) peer.stream.end();
          return;
        }
        this.#write(peer, await does);
        const starts = this.#tls?.mode === 'starttls' && this.#protocol.startsTls(command);
        if (starts && this.securing) this.#secure(peer, act);
        if (this.#protocol.ends(command)) peer.stream.end();
      });
    };
    return act;
  }

  #write({ stream }: Peer, bytes: string): void {
    for (const piece of this.splitting ? bytes : [bytes]) {
      if (piece !== '' && !stream.destroyed) stream.write(piece, 'latin1');
    }
  }

  #listen({ stream, dialogue }: Peer, act: (command: string) => void): void {
    let pending = '';
    stream.on('error', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => {
      const lines = (pending + chunk.toString('latin1')).split('\r\n');
      pending = lines.pop() ?? '';
      for (const command of lines) {
        dialogue.commands.push(command);
        act(command);
      }
      this.#noticed();
    });
  }

  #secure(peer: Peer, act: (command: string) => void): void {
    const plain = peer.stream;
    for (const event of ['data', 'error']) plain.removeAllListeners(event);
    plain.on('error', () => plain.destroy());
    peer.stream = new TLSSocket(plain, {
      isServer: true,
      ...(this.#tls === undefined ? {} : { secureContext: this.#tls.context }),
      requestCert: this.#tls?.requestCert === true,
      rejectUnauthorized: this.#tls?.requestCert === true,
    });
    peer.stream.on('secure', () => (peer.dialogue.secured = true));
    this.#listen(peer, act);
  }

  #noticed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
