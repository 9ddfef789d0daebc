// A flood against the built daemon: an attacker and a slow lmtpd, each a process of its own, and beside them new SMTP
// sessions all the time. Tells what became of their recipients.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEndpoint, type Endpoint } from '../../src/net/endpoint.js';
import { Serving } from '../integration/cyrusmapd-process.js';
import { Companion } from './companion.js';
import { SendmailSession, type Answer } from './sendmail-session.js';

/** Of a lookup: the default. */
const DEADLINE_MS = 5_000;
const SESSIONS_A_SECOND = 20;
const EVENTS_A_SECOND = 10;
const KNOWN = 50;

export type Flood = {
  /** Where the daemon listens; by default a UNIX socket of its own. */
  readonly listen?: string;
  readonly seconds: number;
  readonly connections?: number;
  readonly pipelined?: number;
  /** That lmtpd takes for each RCPT. */
  readonly rcptMs?: number;
  /** That an answer may come after the deadline. */
  readonly allowedMs: number;
};

export type FloodReport = {
  readonly recipients: number;
  /** A reply that was not the one to this recipient. */
  readonly wrong: readonly Answer[];
  /** Replies after the deadline and what is allowed beyond it. */
  readonly late: readonly Answer[];
  readonly refused: number;
  readonly closed: number;
  readonly timeouts: number;
  readonly deferred: number;
  /** From the attempt to connect to the answer about a mailbox that is known: accepted, read and answered. */
  readonly first: Quantiles;
  /** The same on an open connection. */
  readonly next: Quantiles;
  /** From the attempt of Cyrus to connect until it may go on. */
  readonly events: Quantiles;
  readonly attacker: string;
  readonly stats: object;
};

export async function runFlood(flood: Flood): Promise<FloodReport> {
  const { seconds, connections = 300, pipelined = 60, rcptMs = 50 } = flood;
  const folder = mkdtempSync(join(tmpdir(), 'flood-'));
  const config = join(folder, 'cyrusmapd.toml');
  const listen = flood.listen ?? `unix:${join(folder, 'map')}`;
  const events = join(folder, 'events');
  mkdirSync(events, { mode: 0o755 });
  writeFileSync(
    config,
    `[socketmap]\nlisten = ["${listen}"]\n[log]\nlevel = "info"\n` +
      `[events]\nlisten = "unix:${join(events, 'notify')}"\n` +
      `[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:${join(folder, 'lmtp')}"\ncanary = "ucanary@example.jp"\n`,
  );
  const lmtpd = await Companion.start('slow-lmtpd.mjs', join(folder, 'lmtp'), rcptMs);
  const daemon = new Serving(['--config', config]);
  const endpoint = parseEndpoint(await daemon.endpoint());
  await makeKnown(endpoint);
  const attacker = await Companion.start('attacker.mjs', await daemon.endpoint(), connections, pipelined);
  try {
    const [answers, pushed] = await Promise.all([
      besides(endpoint, seconds),
      pushEvents(join(events, 'notify'), seconds),
    ]);
    const attack = await attacker.stop();
    daemon.child.kill('SIGUSR2');
    const stats = await daemon.said('stats');
    return { ...judge(answers, flood.allowedMs), events: quantiles(pushed), attacker: attack, stats };
  } finally {
    await attacker.stop();
    await daemon.stop();
    await lmtpd.stop();
    rmSync(folder, { recursive: true });
  }
}

/** As processes of Cyrus do, each on a connection of its own. */
async function pushEvents(path: string, seconds: number): Promise<number[]> {
  const times: Promise<number>[] = [];
  for (let i = 0; i < seconds * EVENTS_A_SECOND; i++) {
    times.push(pushEvent(path));
    await sleep(1000 / EVENTS_A_SECOND);
  }
  return Promise.all(times);
}

function pushEvent(path: string): Promise<number> {
  const event = '{"event":"MailboxCreate","uri":"imap://flood.test/user/someone%40example.jp;UIDVALIDITY=1"}';
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.on('error', reject);
    socket.on('data', () => {
      socket.destroy();
      resolve(performance.now() - start);
    });
    socket.write(
      `NOTIFY %(METHOD external CLASS EVENT MESSAGE {${event.length}+}\r\n${event} FILEPATH NIL)\r\n`,
    );
  });
}

async function makeKnown(endpoint: Endpoint): Promise<void> {
  const session = new SendmailSession(endpoint);
  for (let i = 0; i < KNOWN; i++) await session.ask(`u${i}@example.jp`);
  session.end();
}

type Told = Answer & { readonly first: boolean };

/** New sessions at an even pace, each with four recipients: three that exist, and one that does not. */
async function besides(endpoint: Endpoint, seconds: number): Promise<Told[]> {
  const answers: Told[] = [];
  const sessions: Promise<void>[] = [];
  const end = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < end; i++) {
    sessions.push(session(endpoint, i, answers));
    await sleep(1000 / SESSIONS_A_SECOND);
  }
  await Promise.all(sessions);
  return answers;
}

async function session(endpoint: Endpoint, i: number, answers: Told[]): Promise<void> {
  const sendmail = new SendmailSession(endpoint);
  const keys = [`u${i % KNOWN}`, `nobody${i}`, `u${(i + 1) % KNOWN}`, `u${(i + 2) % KNOWN}`];
  for (const [j, name] of keys.entries()) {
    answers.push({ ...(await sendmail.ask(`${name}@example.jp`)), first: j === 0 });
    await sleep(100);
  }
  sendmail.end();
}

function judge(
  answers: readonly Told[],
  allowedMs: number,
): Omit<FloodReport, 'events' | 'attacker' | 'stats'> {
  const saying = (...words: string[]) => answers.filter(({ said }) => words.includes(said));
  const lost = new Set(saying('refused', 'closed', 'timeout'));
  const times = (first: boolean) =>
    answers.filter((answer) => answer.first === first && answer.key.startsWith('u')).map(({ ms }) => ms);
  return {
    recipients: answers.length,
    wrong: answers.filter((answer) => !lost.has(answer) && isWrong(answer)),
    late: answers.filter(({ ms, said }) => said !== 'refused' && ms > DEADLINE_MS + allowedMs),
    refused: saying('refused').length,
    closed: saying('closed').length,
    timeouts: saying('timeout').length,
    deferred: answers.filter(({ said }) => said.startsWith('TEMP')).length,
    first: quantiles(times(true)),
    next: quantiles(times(false)),
  };
}

function isWrong({ key, said }: Answer): boolean {
  if (said.startsWith('TEMP ')) return false;
  return key.startsWith('u') ? said !== `OK ${key}` : !said.startsWith('NOTFOUND ');
}

type Quantiles = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
};

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
