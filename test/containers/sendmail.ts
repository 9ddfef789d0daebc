// A real Sendmail in a container (docker/sendmail), with the configuration that the test gives it as text.
// It runs in this machine's own network: so it reaches a daemon's TCP listener on the loopback interface, and the test
// reaches its SMTP port there. Sockets are shared by bind-mounted folders.

import { connect, createServer } from 'node:net';
import { posix } from 'node:path';
import { GenericContainer } from 'testcontainers';
import { LogLines } from './log-lines.js';
import { SmtpClient, type Reply } from './smtp.js';

const START_TIMEOUT_MS = 30_000;

export interface SendmailOptions {
  /** The text of sendmail.mc. */
  readonly mc: string;
  /** More files by name, in /etc/mail where it is relative: tables, aliases, Sendmail.conf. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folder with the daemon's socket. */
  readonly mapFolder?: string;
  /** Where it is inside: /run/cyrusmapd by default. */
  readonly mapTarget?: string;
  /** Folder with the socket of lmtpd. */
  readonly lmtpFolder?: string;
  /** Where it is inside: /run/cyrus/socket by default. */
  readonly lmtpTarget?: string;
  /** More options of sendmail, such as `-O`, `DeliveryMode=queue`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Sendmail {
  readonly port: number;
  /** A session after EHLO; `from` is the network address that it comes from. */
  session(from?: string): Promise<SmtpClient>;
  /** The replies to RCPT for these recipients, in one session and one transaction. */
  rcpt(recipients: readonly string[], from?: string): Promise<Reply[]>;
  /** The reply to the first command that failed, else to the message. */
  send(recipients: readonly string[], message: string): Promise<Reply>;
  /** Runs a command in the container; its output, and its status if that is not 0. */
  exec(...command: string[]): Promise<string>;
  /** Everything logged so far. */
  log(): string;
  /** Waits until a line of the log matches. */
  logged(pattern: RegExp): Promise<string>;
  stop(): Promise<void>;
}

/** The reply in short: `250 2.1.5`. */
export function status(reply: Reply): string {
  return `${reply.code} ${reply.enhanced}`.trimEnd();
}

export async function startSendmail(options: SendmailOptions): Promise<Sendmail> {
  const port = await freePort();
  const lines = new LogLines();
  const files = { 'sendmail.mc': options.mc, ...options.files };
  const mounts = [
    { source: options.mapFolder, target: options.mapTarget ?? '/run/cyrusmapd' },
    { source: options.lmtpFolder, target: options.lmtpTarget ?? '/run/cyrus/socket' },
  ].flatMap(({ source, target }) => (source === undefined ? [] : [{ source, target }]));
  const listen = `DaemonPortOptions=Name=test, Family=inet, Addr=127.0.0.1, Port=${port}`;
  const container = await new GenericContainer('cyrusmapd/sendmail:bookworm')
    .withNetworkMode('host')
    .withBindMounts(mounts)
    .withEnvironment({ ...options.environment })
    .withCopyContentToContainer(
      Object.entries(files).map(([name, content]) => ({
        content,
        target: posix.resolve('/etc/mail', name),
        mode: 0o600,
      })),
    )
    .withCommand(['-O', listen, ...(options.flags ?? [])])
    .withLogConsumer((stream) => {
      stream.on('data', (chunk: Buffer | string) => lines.feed(String(chunk)));
      stream.on('end', () => lines.end());
    })
    .start();
  const stop = async (): Promise<void> => {
    await container.stop({ timeout: 0 });
  };
  try {
    await listening(port, lines);
  } catch (error) {
    await stop();
    throw new Error(`sendmail did not start; it logged:\n${lines.text()}`, { cause: error });
  }
  const session = async (from?: string): Promise<SmtpClient> => {
    const client = await SmtpClient.connect({ port, ...(from === undefined ? {} : { from }) });
    await client.ehlo();
    return client;
  };
  return {
    port,
    session,
    async rcpt(recipients, from) {
      const client = await session(from);
      const mail = await client.command('MAIL FROM:<a@sender.test>');
      if (mail.code !== 250) throw new Error(`MAIL: ${mail.code} ${mail.text}`);
      const replies: Reply[] = [];
      for (const recipient of recipients) replies.push(await client.command(`RCPT TO:<${recipient}>`));
      await client.quit();
      return replies;
    },
    async send(recipients, message) {
      const client = await session();
      let reply = await client.command('MAIL FROM:<a@sender.test>');
      for (const recipient of recipients) {
        if (reply.code === 250) reply = await client.command(`RCPT TO:<${recipient}>`);
      }
      if (reply.code === 250) reply = await client.data(message);
      await client.quit();
      return reply;
    },
    async exec(...command) {
      const { output, exitCode } = await container.exec(command);
      return exitCode === 0 ? output : `${output}\nexit status ${exitCode}`;
    },
    log: () => lines.text(),
    logged: (pattern) => lines.find(pattern),
    stop,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Sendmail says nothing once it listens, so it is asked until it does. */
async function listening(port: number, lines: LogLines): Promise<void> {
  const end = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    if (lines.ended) throw new Error('the container has ended');
    if (Date.now() > end)
      throw new Error(`nothing listens on port ${port} after ${START_TIMEOUT_MS / 1000}s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
