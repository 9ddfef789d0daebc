// A mupdate master as Cyrus 3.6.1 speaks: it tells a change at the next NOOP of whoever subscribed, or when a test says so, and
// of a name only how it stands then. Knows PLAIN alone. Records every command.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

type Subscriber = { readonly socket: Socket; readonly tag: string; readonly pending: Set<string> };

type Listed = { readonly kind: 'MAILBOX' | 'RESERVE'; readonly location: string; readonly acl: string };

const MASTER = '"(master)"';

export class FakeMaster {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribers = new Set<Subscriber>();
  /** By name, in Cyrus' internal form. */
  readonly entries = new Map<string, Listed>();
  /** All that came, without what is secret. */
  readonly commands: string[] = [];
  /** The last word of the banner. */
  role = MASTER;
  password = 'secret';
  /** Commands that are not answered. */
  silent: (command: string) => boolean = () => false;
  /** Lines that are said before the list. */
  before = '';
  /** How long it takes for a NOOP. */
  noopMs = 0;
  /** Writes every byte by itself. */
  splitting = false;
  /** What is said instead of the list and its end, where a test wants another. */
  list: ((tag: string) => string) | undefined;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  static async listen(port = 0): Promise<FakeMaster> {
    const master = new FakeMaster();
    await master.start(port);
    return master;
  }

  /** Again, after `stop`. */
  async start(port = this.port): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #port = 0;
  get port(): number {
    return this.#port;
  }

  get noops(): number {
    return this.commands.filter((command) => command === 'NOOP').length;
  }

  /** How many connections subscribe. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** A mailbox on a server, where CREATE has come to its end. */
  create(name: string, server: string, partition = 'default'): void {
    this.#set(name, { kind: 'MAILBOX', location: `${server}!${partition}`, acl: 'a\tlrs\t' });
  }

  reserve(name: string, server: string): void {
    this.#set(name, { kind: 'RESERVE', location: `${server}!default`, acl: '' });
  }

  delete(name: string): void {
    this.entries.delete(name);
    for (const { pending } of this.#subscribers) pending.add(name);
  }

  /** As it does by itself every five seconds. */
  flush(): void {
    for (const subscriber of this.#subscribers) this.#tell(subscriber);
  }

  /** Ends each connection without a word, as when it is killed. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.drop();
    await closed;
  }

  #set(name: string, listed: Listed): void {
    this.entries.set(name, listed);
    for (const { pending } of this.#subscribers) pending.add(name);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let read = '';
    let subscriber: Subscriber | undefined;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (subscriber !== undefined) this.#subscribers.delete(subscriber);
    });
    this.#write(
      socket,
      `* AUTH "PLAIN"\r\n* STARTTLS\r\n* COMPRESS "DEFLATE"\r\n* PARTIAL-UPDATE\r\n* OK MUPDATE "mupdate.example.jp" "Cyrus IMAP" "3.6.1" ${this.role}\r\n`,
    );
    socket.on('data', (chunk: Buffer) => {
      read += chunk.toString('latin1');
      for (let end = read.indexOf('\r\n'); end !== -1; end = read.indexOf('\r\n')) {
        const line = read.slice(0, end);
        read = read.slice(end + 2);
        const [tag = '', word = ''] = line.split(' ');
        this.commands.push(word);
        if (this.silent(word)) continue;
        if (word === 'UPDATE') {
          subscriber = { socket, tag, pending: new Set() };
          this.#subscribers.add(subscriber);
        }
        const answer = (): void => this.#write(socket, this.#answer(tag, word, line, subscriber));
        if (word === 'NOOP' && this.noopMs > 0) setTimeout(answer, this.noopMs);
        else answer();
        if (word === 'LOGOUT') socket.end();
      }
    });
  }

  #answer(tag: string, word: string, line: string, subscriber: Subscriber | undefined): string {
    switch (word) {
      case 'AUTHENTICATE': {
        const response = Buffer.from(/"PLAIN" "(.*)"/.exec(line)?.[1] ?? '', 'base64').toString();
        const right = response.endsWith(`\0${this.password}`);
        return right ? `${tag} OK "Authenticated"\r\n` : `${tag} NO "undefined error!"\r\n`;
      }
      case 'UPDATE':
        return this.list?.(tag) ?? `${this.before}${this.#whole(tag)}${tag} OK "streaming starts"\r\n`;
      case 'NOOP':
        return `${subscriber === undefined ? '' : this.#news(subscriber)}${tag} OK "Noop done"\r\n`;
      case 'LOGOUT':
        return `${tag} OK "bye-bye"\r\n`;
      default:
        return `${tag} BAD "Unrecognized command"\r\n`;
    }
  }

  #whole(tag: string): string {
    return [...this.entries].map(([name, listed]) => entryLine(tag, name, listed)).join('');
  }

  #tell(subscriber: Subscriber): void {
    this.#write(subscriber.socket, this.#news(subscriber));
  }

  #news({ tag, pending }: Subscriber): string {
    const news = [...pending].map((name) => {
      const listed = this.entries.get(name);
      return listed === undefined
        ? `${tag} DELETE {${name.length}+}\r\n${name}\r\n`
        : entryLine(tag, name, listed);
    });
    pending.clear();
    return news.join('');
  }

  #write(socket: Socket, bytes: string): void {
    if (bytes === '' || socket.destroyed) return;
    if (!this.splitting) socket.write(bytes, 'latin1');
    else for (const byte of bytes) socket.write(byte, 'latin1');
  }
}

/** All strings as literals that do not wait. */
function entryLine(tag: string, name: string, { kind, location, acl }: Listed): string {
  const strings = kind === 'MAILBOX' ? [name, location, acl] : [name, location];
  return `${tag} ${kind} ${strings.map((each) => `{${each.length}+}\r\n${each}`).join(' ')}\r\n`;
}
