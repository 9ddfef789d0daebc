// A mail server in a container, of whatever make, and its SMTP port. It runs in this machine's own network: so it
// reaches a daemon's TCP listener on the loopback interface, and the test reaches its port there. UNIX sockets are
// shared by bind-mounted folders.

import { connect, createServer } from 'node:net';
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import { LogLines } from './log-lines.js';
import { SmtpClient, type Reply } from './smtp.js';

const START_TIMEOUT_MS = 30_000;

export interface MailServerOptions {
  readonly image: string;
  /** Contents by absolute name. */
  readonly files: Readonly<Record<string, string>>;
  /** Folders of this machine, and where they are inside. */
  readonly mounts: readonly { readonly source: string | undefined; readonly target: string }[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments of the container's program, given the port to listen on. */
  readonly command: (port: number) => string[];
}

export class MailServer {
  readonly port: number;
  readonly #container: StartedTestContainer;
  readonly #lines: LogLines;

  private constructor(port: number, container: StartedTestContainer, lines: LogLines) {
    this.port = port;
    this.#container = container;
    this.#lines = lines;
  }

  static async start({ image, files, mounts, environment, command }: MailServerOptions): Promise<MailServer> {
    const port = await freePort();
    const lines = new LogLines();
    const container = await new GenericContainer(image)
      .withNetworkMode('host')
      .withBindMounts(
        mounts.flatMap(({ source, target }) => (source === undefined ? [] : [{ source, target }])),
      )
      .withEnvironment({ ...environment })
      .withCopyContentToContainer(
        Object.entries(files).map(([target, content]) => ({ target, content, mode: 0o600 })),
      )
      .withCommand(command(port))
      .withLogConsumer((stream) => {
        stream.on('data', (chunk: Buffer | string) => lines.feed(String(chunk)));
        stream.on('end', () => lines.end());
      })
      .start();
    const server = new MailServer(port, container, lines);
    try {
      await server.#listening();
    } catch (error) {
      await server.stop();
      throw new Error(`${image} did not start; it logged:\n${lines.text()}`, { cause: error });
    }
    return server;
  }

  /** A session after EHLO; `from` is the network address that it comes from. */
  async session(from?: string): Promise<SmtpClient> {
    const client = await SmtpClient.connect({ port: this.port, ...(from === undefined ? {} : { from }) });
    await client.ehlo();
    return client;
  }

  /** The replies to RCPT for these recipients, in one session and one transaction. */
  async rcpt(recipients: readonly string[], from?: string): Promise<Reply[]> {
    const client = await this.session(from);
    const mail = await client.command('MAIL FROM:<a@sender.test>');
    if (mail.code !== 250) throw new Error(`MAIL: ${mail.code} ${mail.text}`);
    const replies: Reply[] = [];
    for (const recipient of recipients) replies.push(await client.command(`RCPT TO:<${recipient}>`));
    await client.quit();
    return replies;
  }

  /** The reply to the first command that failed, else to the message. */
  async send(recipients: readonly string[], message: string): Promise<Reply> {
    const client = await this.session();
    let reply = await client.command('MAIL FROM:<a@sender.test>');
    for (const recipient of recipients) {
      if (reply.code === 250) reply = await client.command(`RCPT TO:<${recipient}>`);
    }
    if (reply.code === 250) reply = await client.data(message);
    await client.quit();
    return reply;
  }

  /** Runs a command in the container; its output, and its status if that is not 0. */
  async exec(...command: string[]): Promise<string> {
    const { output, exitCode } = await this.#container.exec(command);
    return exitCode === 0 ? output : `${output}\nexit status ${exitCode}`;
  }

  /** What the engine calls the container. */
  get id(): string {
    return this.#container.getId();
  }

  /** Everything logged so far. */
  log(): string {
    return this.#lines.text();
  }

  /** Waits until a line of the log matches. */
  logged(pattern: RegExp): Promise<string> {
    return this.#lines.find(pattern);
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0 });
  }

  /** A mail server says nothing once it listens, so it is asked until it does. */
  async #listening(): Promise<void> {
    const end = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      if (await accepts(this.port)) return;
      if (this.#lines.ended) throw new Error('the container has ended');
      if (Date.now() > end) {
        throw new Error(`nothing listens on port ${this.port} after ${START_TIMEOUT_MS / 1000}s`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Neither Sendmail nor Postfix can be told to take any free port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
