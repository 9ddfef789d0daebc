// An lmtpd (RFC 2033) that plays a dialogue: it answers as Cyrus does from a table of mailboxes, and does otherwise
// where a test says so: it is silent, late, closes, says too much or nonsense. Records what every client said.
import { createServer, type Server, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';

/** As Cyrus 3.6.1 says it. */
export const REPLIES = {
  deliverable: '250 2.1.5 ok\r\n',
  unknown:
    '550-Mailbox unknown.  Either there is no mailbox associated with this\r\n' +
    '550-name or you do not have authorization to see it.\r\n550 5.1.1 User unknown\r\n',
  refused:
    '550-You do not have permission to post a message to this mailbox.\r\n' +
    '550-Please contact the owner of this mailbox in order to submit\r\n' +
    '550-your message, or postmaster if you believe you\r\n' +
    '550-received this message in error.\r\n550 5.7.1 Permission denied\r\n',
  overquota: '452 4.2.2 Over quota SESSIONID=<fake-1>\r\n',
  damaged: '451 4.3.0 System I/O error\r\n',
} as const;

const GREETING = '220 fake.test Cyrus LMTP 3.6.1 server ready\r\n';
const HELLO =
  '250-fake.test\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-SIZE\r\n' +
  '250-AUTH EXTERNAL\r\n250-IGNOREQUOTA\r\n250 Ok SESSIONID=<fake-1>\r\n';

/**
 * What to do instead of the usual reply: bytes to write as they are (none, one reply or several), a promise of them,
 * for which everything after it waits, and
 *   close: writes nothing and closes · silence: never says anything again on this connection
 */
export type Act = string | Promise<string> | typeof CLOSE | typeof SILENCE;
export const CLOSE = Symbol('close');
export const SILENCE = Symbol('silence');

/** @param usual the bytes that would be written; @returns undefined for those */
export type Override = (command: string, usual: string) => Act | undefined;

/** A reply that waits to be let go. */
export type Hold = {
  /** Gives the usual reply, or other bytes. */
  release(bytes?: string): void;
};

/** One client's side of one connection. */
export type Dialogue = {
  /** Commands without CR LF. */
  readonly commands: string[];
  /** What came in one piece: over a UNIX socket, what was one write. */
  readonly writes: string[];
  closed: boolean;
};

export class LmtpServer {
  readonly #server: Server;
  readonly #sockets = new Map<Socket, Dialogue>();
  readonly #watchers = new Set<() => void>();
  #sessions = 2;
  readonly #holds = new Map<RegExp, Promise<string | undefined>>();
  /** Of every connection, in the order in which they came. */
  readonly dialogues: Dialogue[] = [];
  /** Addresses that are not unknown, with the reply to RCPT. */
  readonly mailboxes = new Map<string, string>();
  /** Asked for every command, and for the greeting as `''`. */
  override: Override = () => undefined;
  /** Writes every byte by itself. */
  splitting = false;
  /** Keeps its replies until it has read all commands that have come, as Cyrus does. */
  buffering = false;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @param where the path of a UNIX socket, or a port of 127.0.0.1: 0 for a free one */
  static async listen(where: string | number): Promise<LmtpServer> {
    const fake = new LmtpServer();
    await fake.#listen(where);
    return fake;
  }

  /** In Sendmail's notation. */
  get endpoint(): string {
    const address = this.#server.address();
    if (typeof address === 'string') return `unix:${address}`;
    return `inet:${address?.port}@127.0.0.1`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** All commands of all connections. */
  get commands(): string[] {
    return this.dialogues.flatMap(({ commands }) => commands);
  }

  /** The addresses of all RCPT commands, in order. */
  get recipients(): string[] {
    return this.commands.flatMap((command) => /^RCPT TO:<(.*)>$/.exec(command)?.[1] ?? []);
  }

  /** Holds up the reply to the next command that matches, and whatever comes after it on that connection. */
  hold(pattern: RegExp): Hold {
    let release: (bytes?: string) => void = () => undefined;
    this.#holds.set(
      pattern,
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    return { release };
  }

  /** Says something unasked on every connection. */
  say(bytes: string): void {
    for (const socket of this.#sockets.keys()) socket.write(bytes, 'latin1');
  }

  /** Closes every connection, and goes on listening. */
  hangUp(): void {
    for (const socket of this.#sockets.keys()) socket.end();
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
    for (const socket of this.#sockets.keys()) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(where: string | number): Promise<void> {
    if (typeof where === 'string') await rm(where, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if (typeof where === 'string') this.#server.listen(where, resolve);
      else this.#server.listen(where, '127.0.0.1', resolve);
    });
  }

  #accept(socket: Socket): void {
    const dialogue: Dialogue = { commands: [], writes: [], closed: false };
    this.#sockets.set(socket, dialogue);
    this.dialogues.push(dialogue);
    const write = (bytes: string): void => {
      for (const piece of this.splitting ? bytes : [bytes]) {
        if (piece !== '' && !socket.destroyed) socket.write(piece, 'latin1');
      }
    };
    let silent = false;
    let unread = 0;
    let kept = '';
    // One after the other, so that a promise holds up whatever comes after it.
    let turn = Promise.resolve();
    const act = (command: string, usual: string): void => {
      unread += 1;
      turn = turn.then(async () => {
        unread -= 1;
        if (silent) return;
        const does = this.#held(command, usual) ?? this.override(command, usual) ?? usual;
        if (typeof does !== 'symbol') {
          const reply = await does;
          kept += reply;
          if (this.buffering && unread > 0) return;
          write(kept);
          kept = '';
          return;
        }
        silent = true;
        if (does === CLOSE) socket.end();
      });
    };
    let pending = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      dialogue.closed = true;
      this.#sockets.delete(socket);
      this.#noticed();
    });
    socket.on('data', (chunk: Buffer) => {
      dialogue.writes.push(chunk.toString('latin1'));
      const lines = (pending + chunk.toString('latin1')).split('\r\n');
      pending = lines.pop() ?? '';
      for (const command of lines) {
        dialogue.commands.push(command);
        act(command, this.#usual(command));
        if (command === 'QUIT') turn = turn.then(() => void socket.end());
      }
      this.#noticed();
    });
    act('', GREETING);
    this.#noticed();
  }

  #held(command: string, usual: string): Promise<string> | undefined {
    for (const [pattern, released] of this.#holds) {
      if (!pattern.test(command)) continue;
      this.#holds.delete(pattern);
      return released.then((bytes) => bytes ?? usual);
    }
    return undefined;
  }

  #usual(command: string): string {
    const address = /^RCPT TO:<(.*)>$/.exec(command)?.[1];
    if (address !== undefined) return this.#mailbox(address);
    if (command.startsWith('LHLO ')) return HELLO;
    if (/^MAIL FROM:<>(?: SIZE=[0-9]+)?$/.test(command)) return '250 2.1.0 ok\r\n';
    if (command === 'RSET') return `250 2.0.0 Ok SESSIONID=<fake-${this.#sessions++}>\r\n`;
    if (command === 'QUIT') return '221 2.0.0 bye\r\n';
    return '500 5.5.2 Syntax error\r\n';
  }

  /** Every detail of a user who exists is taken. */
  #mailbox(address: string): string {
    const reply = this.mailboxes.get(address) ?? this.mailboxes.get(address.replace(/\+[^@]*/, ''));
    return reply ?? REPLIES.unknown;
  }

  #noticed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
