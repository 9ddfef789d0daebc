// SMTP sessions that never end: each asks a real mail server for recipients, a few at a time without waiting, takes the transaction
// back (RSET), and is followed by another one. Each reply is matched with its RCPT, by its place and, where the reply names one, by name.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Judge, Said } from './judge.js';
import type { Random } from './random.js';
import type { Someone, Truth } from './truth.js';

const RCPTS_A_SESSION = 60;
const RCPTS_A_TRANSACTION = 20;
const PIPELINED = 6;
const REPLY_MS = 90_000;

export type Load = {
  readonly port: number;
  readonly truth: Truth;
  readonly judge: Judge;
  readonly random: Random;
  readonly going: () => boolean;
  /** Between groups of recipients, at most. */
  readonly pauseMs: number;
};

export async function keepSending(load: Load): Promise<void> {
  while (load.going()) {
    const session = new SmtpSession(load.port);
    try {
      await speak(session, load);
    } catch {
      // The server was stopped, or is not there: as for any client, there is another session.
      await sleep(50);
    } finally {
      session.end();
    }
  }
}

async function speak(session: SmtpSession, { truth, judge, random, going, pauseMs }: Load): Promise<void> {
  await session.expect(220);
  session.send('EHLO client.sender.test\r\n');
  await session.expect(250);
  for (let asked = 0; asked < RCPTS_A_SESSION && going();) {
    session.send('MAIL FROM:<a@sender.test>\r\n');
    await session.expect(250);
    for (let left = RCPTS_A_TRANSACTION; left > 0 && going();) {
      const group = Array.from({ length: Math.min(left, random.between(1, PIPELINED)) }, () =>
        truth.someone(random),
      );
      left -= group.length;
      asked += group.length;
      await ask(session, group, judge);
      await sleep(random.below(pauseMs + 1));
    }
    session.send('RSET\r\n');
    await session.expect(250);
  }
  session.send('QUIT\r\n');
  await session.expect(221);
}

async function ask(session: SmtpSession, group: readonly Someone[], judge: Judge): Promise<void> {
  const sent = performance.now();
  let turn = sent;
  session.send(group.map(({ address }) => `RCPT TO:<${address}>\r\n`).join(''));
  for (const someone of group) {
    let words: string;
    try {
      words = await session.reply();
    } catch (error) {
      judge.hear({ someone, said: 'lost', words: String(error), sent, turn, answered: performance.now() });
      throw error;
    }
    const answered = performance.now();
    const named = /<([^>]*@[^>]*)>/.exec(words)?.[1];
    if (named !== undefined && named.toLowerCase() !== someone.address) {
      throw new Error(`${someone.address} was answered with ${words}`);
    }
    judge.hear({ someone, said: saidOf(words), words, sent, turn, answered });
    if (words.startsWith('421')) throw new Error(words);
    turn = answered;
  }
}

function saidOf(words: string): Said {
  if (words.startsWith('2')) return 'yes';
  if (words.startsWith('5')) return 'no';
  return 'deferred';
}

class SmtpSession {
  readonly #socket: Socket;
  #received = '';
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setTimeout(REPLY_MS, () => this.#socket.destroy(new Error('no reply')));
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('closed')));
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** The last line of the next reply. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\n]*\n)*(\d{3}(?: [^\n]*)?)\n/.exec(this.#received);
      if (match !== null) {
        this.#received = this.#received.slice(match[0].length);
        return match[1]?.trimEnd() ?? '';
      }
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async expect(code: number): Promise<void> {
    const words = await this.reply();
    if (!words.startsWith(String(code))) throw new Error(words);
  }

  end(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}
