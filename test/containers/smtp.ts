// An SMTP client for tests (RFC 5321): one command, one reply, and STARTTLS. It knows nothing of what it should
// be told; the tests judge the replies.

import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type DetailedPeerCertificate } from 'node:tls';

const REPLY_TIMEOUT_MS = 60_000;

export interface Reply {
  readonly code: number;
  /** RFC 3463, such as `5.1.1`; empty where the reply has none. */
  readonly enhanced: string;
  /** All lines, without the code of each. */
  readonly text: string;
}

export interface SmtpOptions {
  readonly port: number;
  readonly host?: string;
  /** 127.0.0.1 is allowed to relay by most servers; any other address of the loopback network is a stranger. */
  readonly from?: string;
}

export class SmtpClient {
  #socket: Socket;
  #received = '';
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects and takes the greeting. */
  static async connect(options: SmtpOptions): Promise<SmtpClient> {
    const { port, host = '127.0.0.1', from = '127.0.0.1' } = options;
    const client = new SmtpClient(connect({ port, host, localAddress: from }));
    const greeting = await client.#reply();
    if (greeting.code !== 220) throw new Error(`greeting ${greeting.code} ${greeting.text}`);
    return client;
  }

  async command(line: string): Promise<Reply> {
    this.#socket.write(`${line}\r\n`, 'latin1');
    return this.#reply();
  }

  /** EHLO: the extensions offered, one a line. */
  async ehlo(name = 'client.sender.test'): Promise<string[]> {
    const reply = await this.command(`EHLO ${name}`);
    if (reply.code !== 250) throw new Error(`EHLO: ${reply.code} ${reply.text}`);
    return reply.text.split('\n').slice(1);
  }

  /** Goes over to TLS, with a server whose certificate is good for `options`; says how. */
  async startTls(options: ConnectionOptions): Promise<{ readonly chain: string[]; readonly cipher: string }> {
    const reply = await this.command('STARTTLS');
    if (reply.code !== 220) throw new Error(`STARTTLS: ${reply.code} ${reply.text}`);
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ ...options, socket: plain });
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    this.#socket = secure;
    this.#listen(secure);
    return { chain: chainOf(secure.getPeerCertificate(true)), cipher: secure.getCipher().standardName };
  }

  /** DATA with this message, which gets its dot-stuffing here. */
  async data(message: string): Promise<Reply> {
    const go = await this.command('DATA');
    if (go.code !== 354) return go;
    const body = message.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..');
    return this.command(`${body}\r\n.`);
  }

  async quit(): Promise<void> {
    if (this.#failure === undefined) await this.command('QUIT').catch(() => undefined);
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake?.();
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake?.();
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('connection closed by the server')));
  }

  async #reply(): Promise<Reply> {
    const deadline = AbortSignal.timeout(REPLY_TIMEOUT_MS);
    for (;;) {
      const match = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\n/.exec(this.#received);
      if (match !== null) {
        this.#received = this.#received.slice(match[0].length);
        const text = match[0]
          .trimEnd()
          .replace(/\r/g, '')
          .replace(/^\d{3}[- ]?/gm, '');
        return { code: Number(match[1]), enhanced: /^\d\.\d+\.\d+/.exec(text)?.[0] ?? '', text };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (deadline.aborted) throw new Error(`no reply within ${REPLY_TIMEOUT_MS / 1000}s`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}

/** The subjects from the server's certificate up to the root, the first with its kind of key. */
function chainOf(certificate: DetailedPeerCertificate): string[] {
  const kind = certificate.asn1Curve === undefined ? 'RSA' : 'ECC';
  const names = [`${String(certificate.subject.CN)} (${kind})`];
  let last = certificate;
  while (last.issuerCertificate.fingerprint256 !== last.fingerprint256) {
    last = last.issuerCertificate;
    names.push(String(last.subject.CN));
  }
  return names;
}

/** The reply in short: `250 2.1.5`. */
export function status(reply: Reply): string {
  return `${reply.code} ${reply.enhanced}`.trimEnd();
}
