// Measures a snapshot of many mailboxes: its time, its memory, and how lookups are slowed down while a new one is taken. The
// mailboxes come from a fake imapd. Starts this and the daemon, asks, and reads the daemon's log.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonLog } from './daemon-log.js';
import { runLoad, type Load } from './generator.js';
import { quantile } from './histogram.js';
import type { Bench, Measured } from './measure.js';
import { PROGRAMS } from './paths.js';
import { familyOf, memoryBytesOf } from './processes.js';
import { OURS } from './results.js';
import { startProgram, stopProgram } from './servers.js';
import { eventually, listens } from './wait.js';

/** The daemon does not take snapshots more often than this. */
const PAUSE_MS = 10_500;
const ASKED = 10;

/** @param mailboxes how many there are; ten of them are asked for */
export async function measureListing(bench: Bench, mailboxes: number): Promise<Measured> {
  const { folder } = bench;
  const socket = join(folder, 'fake-imap');
  await rm(socket, { force: true });
  await writeFile(join(folder, 'password'), 'any', { mode: 0o600 });
  await writeFile(join(folder, 'listed.keys'), keys());
  const args = [join(PROGRAMS, 'fake-imapd.js'), socket, String(mailboxes)];
  const imapd = startProgram(process.execPath, args, join(folder, 'fake-imapd.stderr'));
  try {
    await eventually('fake-imapd', () => listens(socket));
    return await listed(bench, socket, mailboxes);
  } finally {
    await stopProgram(imapd);
  }
}

async function listed(bench: Bench, socket: string, mailboxes: number): Promise<Measured> {
  const log = new DaemonLog(join(bench.folder, 'cyrusmapd.log'));
  const server = await bench.servers.start(OURS, { config: configuration(bench.folder, socket, mailboxes) });
  try {
    const [daemon] = server.resident();
    if (daemon === undefined) throw new Error('the daemon is not there');
    const { ms: took } = await log.nth('listed', 1);
    const load: Load = {
      ...{ socket: server.socket, keys: join(bench.folder, 'listed.keys'), mode: 'open' },
      ...{ connections: 8, rate: 8000, seconds: bench.seconds, seed: 1 },
    };
    await runLoad(bench.generator, { ...load, seconds: bench.warmSeconds });
    const memory = memoryBytesOf(familyOf(daemon.pid));
    if (!bench.smoke) await sleep(PAUSE_MS);
    const before = (): void => void process.kill(daemon.pid, 'SIGHUP');
    const result = await runLoad(bench.generator, load, { before, after: () => undefined });
    if (!bench.smoke) await log.nth('listed', 2);
    if (result.wrong > 0 || result.lost > 0) throw new Error(`${result.wrong} wrong, ${result.lost} lost`);
    const p99 = quantile(result.latency, 0.99);
    return {
      values: {
        took,
        ...(p99 === undefined ? {} : { p99: p99 / 1000 }),
        ...(memory === undefined ? {} : { memory: memory / 1e6 }),
      },
      latency: result.latency,
    };
  } finally {
    await server.stop();
  }
}

function configuration(folder: string, socket: string, mailboxes: number): string {
  return `[backchannel.list]
type = "imap"
endpoint = "unix:${socket}"
user = "cyrus"
password_file = "${join(folder, 'password')}"
[domains]
"example.jp" = "list"
"*" = "cyrus"
[cache]
max_known = ${Math.max(mailboxes, 100_000)}
`;
}

function keys(): string {
  return Array.from({ length: ASKED }, (_, i) => `u${String(i).padStart(7, '0')}@example.jp`)
    .map((key) => `${key}\tOK ${key}\n`)
    .join('');
}
