// Measuring for the live view's tests: a steady load, an event pushed as Cyrus pushes it, and when Cyrus is back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

const POLL_MS = 5;
const TICK_MS = 5;

/** Asks until it is so. @returns milliseconds since `from`, in which it was otherwise */
export async function until(isSo: () => Promise<boolean>, from: number): Promise<number> {
  let otherwise = from;
  for (;;) {
    const asked = performance.now();
    if (await isSo()) return otherwise - from;
    otherwise = asked;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** When lmtpd greets again on its UNIX socket, to some milliseconds. */
export async function greetedAt(socketFolder: string): Promise<number> {
  for (;;) {
    if (await greets(join(socketFolder, 'lmtp'))) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function greets(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString('latin1').startsWith('220'));
      socket.end('QUIT\r\n');
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** Pushes as Cyrus does, on a connection of its own. @returns milliseconds until the answer */
export async function push(path: string, user: string): Promise<number> {
  const message = JSON.stringify({ event: 'MailboxCreate', uri: `imap://h/user/${user}%40example.jp` });
  const start = performance.now();
  const socket = connect({ path });
  socket.write(
    `NOTIFY %(METHOD external CLASS EVENT PRIORITY NIL USER NIL MAILBOX NIL OPTIONS () ` +
      `MESSAGE {${message.length}+}\r\n${message} FILEPATH NIL)\r\n`,
  );
  const [answer] = await once(socket, 'data');
  const took = performance.now() - start;
  if (String(answer) !== 'OK %()\r\n') throw new Error(`answered ${String(answer)}`);
  socket.destroy();
  return took;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

/** Asks for one key so many times a second on one connection, and counts the replies. */
export class Steady {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #start = performance.now();
  #received = 0;

  private constructor(socket: Socket, key: string, rate: number) {
    this.#socket = socket;
    const request = `cyrus ${key}`;
    const frame = `${request.length}:${request},`;
    const replyBytes = `${key.length + 3}:OK ${key},`.length;
    let sent = 0;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length / replyBytes;
    });
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#start) * rate) / 1000);
      // A daemon that lags is not buried.
      const count = Math.min(due - sent, 1000);
      if (count <= 0 || socket.writableLength > 0) return;
      sent = due;
      socket.write(frame.repeat(count), 'latin1');
    }, TICK_MS);
  }

  static async start(path: string, key: string, rate: number): Promise<Steady> {
    const socket = connect({ path });
    await once(socket, 'connect');
    return new Steady(socket, key, rate);
  }

  /** @returns replies a second */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    const rate = (this.#received * 1000) / (performance.now() - this.#start);
    this.#socket.destroy();
    await once(this.#socket, 'close');
    return rate;
  }
}
