// Connections that abuse a server in six ways, each from a process of its own, and a client beside them that behaves well. Tells how
// long that one waits, before and meanwhile: of the built daemon, and of the least that a server in Node can do (floor.mjs).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Companion } from '../flood/companion.js';
import { Serving } from '../integration/cyrusmapd-process.js';
import type { Cores } from './cores.js';

export const WAYS = ['idle', 'dripping', 'garbage', 'half', 'unread', 'longest'] as const;
export type Way = (typeof WAYS)[number];

export type Abuse = {
  /** Of all ways together. */
  readonly connections: number;
  readonly ways: readonly Way[];
  readonly seconds: number;
  readonly cores: Cores;
};

/** In milliseconds; and how many answers were not the right one. */
type Waits = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly wrong: number;
};

export type AbuseReport = {
  readonly alone: Waits;
  readonly abused: Waits;
  /** What each kind of abusers said at its end: how often they wrote, and were closed. */
  readonly abusers: readonly string[];
};

/** What is abused. */
type Served = { readonly endpoint: string; readonly stop: () => Promise<unknown> };

export async function abuseDaemon(abuse: Abuse): Promise<AbuseReport> {
  return within(abuse, async (folder) => {
    const { connections, cores } = abuse;
    const config = join(folder, 'cyrusmapd.toml');
    writeFileSync(join(folder, 'mailboxes'), 'u1@example.jp\nu2@example.jp\n');
    const socketmap = `[socketmap]\nlisten = ["unix:${folder}/map"]\nmax_connections = ${connections + 100}\n`;
    writeFileSync(config, `${socketmap}[backchannel.names]\ntype = "list"\nfile = "${folder}/mailboxes"\n`);
    const daemon = new Serving(
      ['--config', config],
      process.env,
      withFiles(connections).concat(cores.served),
    );
    return { endpoint: await daemon.endpoint(), stop: () => daemon.stop('SIGKILL') };
  });
}

export async function abuseFloor(abuse: Abuse): Promise<AbuseReport> {
  return within(abuse, async (folder) => {
    const path = join(folder, 'map');
    const prefix = withFiles(abuse.connections).concat(abuse.cores.served);
    const floor = await Companion.startWithin(prefix, '../abuse/floor.mjs', path);
    return { endpoint: `unix:${path}`, stop: () => floor.stop() };
  });
}

async function within(
  { connections, ways, seconds, cores }: Abuse,
  serve: (folder: string) => Promise<Served>,
): Promise<AbuseReport> {
  const folder = mkdtempSync(join(tmpdir(), 'abuse-'));
  const abusers: Companion[] = [];
  let served: Served | undefined;
  try {
    served = await serve(folder);
    const { endpoint } = served;
    const ask = async (forSeconds: number): Promise<Waits> => {
      const client = await Companion.startWithin(
        cores.client,
        '../abuse/good-client.mjs',
        endpoint,
        forSeconds,
      );
      const [, report = ''] = (await client.ended()).split('\n');
      return JSON.parse(report) as Waits;
    };
    await ask(1);
    const alone = await ask(seconds / 3);
    const prefix = withFiles(connections).concat(cores.abuser);
    for (const way of ways) {
      const count = Math.floor(connections / ways.length);
      abusers.push(await Companion.startWithin(prefix, '../abuse/abuser.mjs', endpoint, way, count));
    }
    await ask(1);
    const abused = await ask(seconds);
    const said = await Promise.all(abusers.splice(0).map((abuser) => abuser.stop()));
    return { alone, abused, abusers: said.map((text) => text.split('\n')[1] ?? '') };
  } finally {
    for (const abuser of abusers) await abuser.stop();
    await served?.stop();
    rmSync(folder, { recursive: true });
  }
}

/** As many files as it needs, or as it may have, where they do not suffice: then there are fewer connections. */
function withFiles(connections: number): string[] {
  const raise = `ulimit -n ${connections + 2000} || ulimit -n "$(ulimit -H -n)"`;
  return ['sh', '-c', `${raise}; exec "$@"`, 'sh'];
}
