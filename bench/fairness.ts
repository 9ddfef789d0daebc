// The scenarios of fairness: one slow thing beside recipients who have nothing to do with it. Each who asks has a connection of
// their own, as an SMTP session has. Asks the daemon over its socket; lmtpd is fake-lmtpd.ts.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { withSlowCyrus, type Pace } from './fake-servers.js';
import type { Bench, Measured } from './measure.js';
import { OURS } from './results.js';
import type { Scenario } from './scenario.js';

/** Between an answer and the next question of the same connection. */
const PAUSE_MS = 20;
/** Who is not served by then is counted as served then. */
const COLD_LIMIT_MS = 40_000;

type Size = { readonly seconds: number; readonly recipients: number; readonly attackers: number };

export function fairness(smoke: boolean): Scenario[] {
  const size: Size = smoke
    ? { seconds: 1, recipients: 3, attackers: 10 }
    : { seconds: 20, recipients: 200, attackers: 200 };
  return [
    {
      ...besides(0, 'recipient', (socket) => besideHung(socket, size)),
      name: 'fair-hung',
      title: 'one mailbox on which lmtpd hangs, asked each second, and 20 others each second',
      aims: [{ metric: 'served', atLeast: 100 }],
    },
    {
      ...besides(100, 'disk', (socket) => allCold(socket, size)),
      name: 'fair-cold',
      title: `${size.recipients} mailboxes asked at once and until they are served, on a disk that takes 100 ms for each`,
      aims: smoke ? [] : [{ metric: 'took', atMost: 21_000 }],
    },
    {
      ...besides(50, 'recipient', (socket) => besideAttack(socket, size)),
      name: 'fair-attack',
      title: `two recipients a second for the first time, beside ${size.attackers} connections that guess names at an lmtpd of 50 ms`,
      aims: [{ metric: 'served', atLeast: 93 }],
    },
  ];
}

function besides(delayMs: number, pace: Pace, work: (socket: string) => Promise<Measured['values']>) {
  const measure = (bench: Bench): Promise<Measured> =>
    withSlowCyrus(
      bench,
      delayMs,
      async (lmtp) => {
        const server = await bench.servers.start(OURS, { lmtp });
        try {
          await ask(server.socket, 'uknown');
          return { values: await work(server.socket), latency: [] };
        } finally {
          await server.stop();
        }
      },
      pace,
    );
  return { connections: 1, contestants: [{ label: OURS, measure }] };
}

async function besideHung(socket: string, { seconds }: Size): Promise<Measured['values']> {
  const heard: Promise<string>[] = [];
  for (let i = 0; i < seconds * 20; i++) {
    if (i % 20 === 0) void ask(socket, 'uhung');
    heard.push(ask(socket, `u${i}`));
    await sleep(50);
  }
  return { served: shareOf(await Promise.all(heard)) };
}

async function allCold(socket: string, { recipients }: Size): Promise<Measured['values']> {
  const started = performance.now();
  const first: string[] = [];
  const insist = async (local: string): Promise<void> => {
    const session = new Session(socket);
    for (let tries = 0; performance.now() - started < COLD_LIMIT_MS; tries++) {
      const said = await session.ask(local);
      if (tries === 0) first.push(said);
      if (said === 'OK') break;
      await sleep(PAUSE_MS);
    }
    session.close();
  };
  await Promise.all(Array.from({ length: recipients }, (_, i) => insist(`ucold${i}`)));
  return { took: performance.now() - started, served: shareOf(first) };
}

async function besideAttack(socket: string, { seconds, attackers }: Size): Promise<Measured['values']> {
  let over = false;
  const guess = async (attacker: number): Promise<void> => {
    const session = new Session(socket);
    for (let i = 0; !over; i++) {
      await session.ask(`guess${attacker}-${i}`);
      await sleep(PAUSE_MS);
    }
    session.close();
  };
  const attack = Promise.all(Array.from({ length: attackers }, (_, i) => guess(i)));
  await sleep(seconds * 250);
  const heard: Promise<string>[] = [];
  for (let i = 0; i < seconds * 1.5 - 1; i++) {
    heard.push(ask(socket, `unew${i}`));
    await sleep(500);
  }
  const served = shareOf(await Promise.all(heard));
  over = true;
  await attack;
  return { served };
}

/** In percent. */
function shareOf(heard: readonly string[]): number {
  return (heard.filter((each) => each === 'OK').length / heard.length) * 100;
}

async function ask(socket: string, local: string): Promise<string> {
  const session = new Session(socket);
  const said = await session.ask(local);
  session.close();
  return said;
}

/** One connection, which asks one thing at a time. */
class Session {
  readonly #path: string;
  #socket: Socket;

  constructor(path: string) {
    this.#path = path;
    this.#socket = connect(path);
  }

  /** @returns the first word of the reply; `closed` where there was none, and then the next is asked on a new connection */
  async ask(local: string): Promise<string> {
    const request = `cyrus ${local}@example.jp`;
    const reply = replyOn(this.#socket);
    this.#socket.write(`${request.length}:${request},`);
    const text = await reply;
    if (text !== undefined) return /^\d+:(\w+)/.exec(text)?.[1] ?? 'unclear';
    this.#socket = connect(this.#path);
    return 'closed';
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** What comes next on it; undefined where it ends before. */
async function replyOn(socket: Socket): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const ended = (): void => resolve(undefined);
    socket.once('error', ended).once('close', ended);
    socket.once('data', (chunk) => {
      socket.off('error', ended).off('close', ended);
      resolve(String(chunk));
    });
  });
}
