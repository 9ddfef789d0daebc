// Connections that abuse the built daemon in six ways, each from a process of its own, and a client beside them that behaves
// well. Tells how long that one waits, before and meanwhile.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { Companion } from '../flood/companion.js';
import { Serving } from '../integration/cyrusmapd-process.js';

export const WAYS = ['idle', 'dripping', 'garbage', 'half', 'unread', 'longest'] as const;
export type Way = (typeof WAYS)[number];

export type Abuse = {
  /** Of all ways together. */
  readonly connections: number;
  readonly ways: readonly Way[];
  readonly seconds: number;
};

export type AbuseReport = {
  /** In milliseconds. */
  readonly alone: Quantiles;
  readonly abused: Quantiles;
  /** Answers that were not the right one. */
  readonly wrong: number;
  readonly connections: unknown;
};

type Quantiles = { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number };

const ASKED_EVERY_MS = 10;

/** @throws where the well-behaved client is not served */
export async function runAbuse({ connections, ways, seconds }: Abuse): Promise<AbuseReport> {
  const folder = mkdtempSync(join(tmpdir(), 'abuse-'));
  const config = join(folder, 'cyrusmapd.toml');
  writeFileSync(join(folder, 'mailboxes'), 'u1@example.jp\nu2@example.jp\n');
  const socketmap = `[socketmap]\nlisten = ["unix:${folder}/map"]\nmax_connections = ${connections + 100}\n`;
  writeFileSync(config, `${socketmap}[backchannel.names]\ntype = "list"\nfile = "${folder}/mailboxes"\n`);
  // As many files as it may have, where they do not suffice: then fewer are served.
  const files = [
    'sh',
    '-c',
    `ulimit -n ${connections + 2000} || ulimit -n "$(ulimit -H -n)"; exec "$@"`,
    'sh',
  ];
  const daemon = new Serving(['--config', config], process.env, files);
  const abusers: Companion[] = [];
  try {
    const client = await SocketmapConnection.connect(parseEndpoint(await daemon.endpoint()));
    await asked(client, 1);
    const alone = await asked(client, seconds);
    for (const way of ways) {
      const count = Math.floor(connections / ways.length);
      abusers.push(await Companion.start('../abuse/abuser.mjs', `unix:${folder}/map`, way, count));
    }
    await asked(client, 1);
    const abused = await asked(client, seconds);
    client.close();
    daemon.child.kill('SIGUSR2');
    const { connections: counts } = await daemon.said('stats');
    return {
      alone: quantiles(alone.times),
      abused: quantiles(abused.times),
      wrong: alone.wrong + abused.wrong,
      connections: counts,
    };
  } finally {
    for (const abuser of abusers) await abuser.stop();
    await daemon.stop('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** One connection, which asks at an even pace, whatever it waits for. */
async function asked(
  client: SocketmapConnection,
  seconds: number,
): Promise<{ times: number[]; wrong: number }> {
  const times: number[] = [];
  let wrong = 0;
  const replies: Promise<void>[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    const key = replies.length % 2 === 0 ? 'u1@example.jp' : 'u2@example.jp';
    replies.push(
      client.lookup('cyrus', key).then(({ status, text }) => {
        times.push(performance.now() - start);
        if (status !== 'OK' || text !== key) wrong += 1;
      }),
    );
    await sleep(ASKED_EVERY_MS);
  }
  await Promise.all(replies);
  return { times, wrong };
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
