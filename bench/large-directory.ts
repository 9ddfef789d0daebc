// Measures a daemon that holds a large mailbox list: how soon it is ready, its memory, its hits, and how these are slowed down while
// the list is loaded anew. The list is ours (list-writer.ts), and a fake lmtpd says the same of its mailboxes. Starts both, asks,
// and reads the daemon's log.
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonLog } from './daemon-log.js';
import { withSlowCyrus } from './fake-servers.js';
import { runLoad, type Load } from './generator.js';
import { quantile } from './histogram.js';
import { writeList } from './list-writer.js';
import type { Bench, Measured } from './measure.js';
import { familyOf, memoryBytesOf, startedAt } from './processes.js';
import { OURS } from './results.js';
import type { Server } from './servers.js';

/** After a load the daemon waits ten times as long as that took before it loads again. */
const PAUSES = 10.5;

/**
 * @param mailboxes how many there are; ten of them are asked for
 * @param anew whether another file takes the place of the list while the lookups are timed
 */
export function measureDirectory(bench: Bench, mailboxes: number, anew: boolean): Promise<Measured> {
  return withSlowCyrus(bench, 0, async (lmtp) => {
    const folder = join(bench.folder, `list-${mailboxes}`);
    const list = join(folder, 'mailboxes.db');
    await mkdir(folder, { recursive: true });
    if (!existsSync(list)) await writeList(list, namesOf(mailboxes));
    await writeFile(join(folder, 'imapd.conf'), imapdConf(folder));
    const log = new DaemonLog(join(bench.folder, 'cyrusmapd.log'));
    const server = await bench.servers.start(OURS, {
      ...{ lmtp, list: 'directory', imapdConf: join(folder, 'imapd.conf') },
    });
    try {
      return await measured(bench, server, log, list, anew);
    } finally {
      await server.stop();
    }
  });
}

async function measured(
  bench: Bench,
  server: Server,
  log: DaemonLog,
  list: string,
  anew: boolean,
): Promise<Measured> {
  const [daemon] = server.resident();
  if (daemon === undefined) throw new Error('the daemon is not there');
  const ready = await log.nth('directory-ready', 1);
  const load: Load = {
    ...{ socket: server.socket, keys: bench.keys.ten, mode: 'open' },
    ...{ connections: 8, rate: 8000, seconds: bench.seconds, seed: 1 },
  };
  await runLoad(bench.generator, { ...load, seconds: bench.warmSeconds });
  const memory = memoryBytesOf(familyOf(daemon.pid));
  if (anew) await copyFile(list, `${list}.NEW`);
  if (anew && !bench.smoke) await sleep(PAUSES * ready.ms);
  const exchanged: Promise<void>[] = [];
  const before = (): void => {
    if (anew) exchanged.push(rename(`${list}.NEW`, list));
  };
  const result = await runLoad(bench.generator, load, { before, after: () => undefined });
  await Promise.all(exchanged);
  if (anew && !bench.smoke) await log.nth('directory-ready', 2);
  if (result.wrong > 0 || result.lost > 0) throw new Error(`${result.wrong} wrong, ${result.lost} lost`);
  const median = quantile(result.latency, 0.5);
  const p99 = quantile(result.latency, 0.99);
  return {
    values: {
      took: ready.at - startedAt(daemon.pid),
      ...(median === undefined ? {} : { median: median / 1000 }),
      ...(p99 === undefined ? {} : { p99: p99 / 1000 }),
      ...(memory === undefined ? {} : { memory: memory / 1e6 }),
    },
    latency: result.latency,
  };
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `u${String(i).padStart(7, '0')}@example.jp`);
}

function imapdConf(folder: string): string {
  return `configdirectory: ${folder}
servername: mail.rig.test
defaultdomain: rig.test
virtdomains: userid
admins: cyrus
defaultpartition: default
partition-default: ${folder}
mboxlist_db_path: ${join(folder, 'mailboxes.db')}
`;
}
