// One measurement: starts a new server, checks its answers, warms it up, and times one load. CPU time and memory of all processes
// that serve are read before and after the load. Starts servers and loads.
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type Generator, type Load, type LoadResult } from './generator.js';
import { quantile, type Buckets } from './histogram.js';
import { cpuSecondsOf, memoryBytesOf } from './processes.js';
import type { Metric } from './results.js';
import type { DaemonOptions, Server, ServerName, Servers } from './servers.js';

/** The files of keys, with lines `KEY<TAB>REPLY`. */
export type Keys = {
  /** Mailboxes that are asked for again and again. */
  readonly hot: string;
  /** Mailboxes that nobody asked for yet. */
  readonly cold: string;
  readonly ten: string;
  readonly many: string;
};

export type Bench = {
  readonly servers: Servers;
  readonly generator: Generator;
  readonly keys: Keys;
  readonly folder: string;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly smoke: boolean;
};

export type Measured = {
  readonly values: Partial<Record<Metric, number>>;
  readonly latency: Buckets;
};

export type Plan = Pick<Load, 'mode' | 'connections' | 'idle' | 'rate' | 'unknownShare'> & {
  readonly keys: keyof Keys;
  /** On so many other connections unknown names are asked for meanwhile. */
  readonly missesBeside?: number;
  /** Meanwhile a mailbox is created each time so many seconds have passed. */
  readonly changesBeside?: number;
  readonly daemon?: DaemonOptions;
};

/** Longer than any load that ends by itself. */
const WORK_SECONDS = 120;

let lastSeed = Date.now() % 2 ** 31;

export async function measureLoad(bench: Bench, name: ServerName, plan: Plan): Promise<Measured> {
  const server = await bench.servers.start(name, plan.daemon);
  try {
    await warmUp(bench, server, plan);
    return await timed(bench, server, plan);
  } finally {
    await server.stop();
  }
}

/** Asks once for each key that the server may know; keys that it must not know are not asked for. */
async function warmUp(bench: Bench, server: Server, plan: Plan): Promise<void> {
  const known = plan.keys === 'cold' ? 'hot' : plan.keys;
  await clean(bench, server, { mode: 'once', connections: Math.min(plan.connections, 40), keys: known });
  const likeIt: Plan =
    plan.keys === 'cold'
      ? { mode: 'closed', connections: plan.connections, keys: 'hot', unknownShare: 1 }
      : { ...plan, idle: 0 };
  await clean(bench, server, likeIt, bench.warmSeconds);
}

async function timed(bench: Bench, server: Server, plan: Plan): Promise<Measured> {
  const read: Readings = { cpuBefore: 0, cpuAfter: 0, memory: undefined };
  const timedLoad = clean(bench, server, plan, bench.seconds, {
    before: () => (read.cpuBefore = cpuSecondsOf(server.serving())),
    after: () => {
      read.cpuAfter = cpuSecondsOf(server.serving());
      read.memory = memoryBytesOf(server.resident());
    },
  });
  const [result] = await Promise.all([
    timedLoad,
    missesBeside(bench, server, plan),
    changesBeside(bench, plan),
  ]);
  const values = valuesOf(result);
  values.cpu = ((read.cpuAfter - read.cpuBefore) * 1e6) / result.lookups;
  if (read.memory !== undefined) values.memory = read.memory / 1e6;
  return { values, latency: result.latency };
}

type Readings = { cpuBefore: number; cpuAfter: number; memory: number | undefined };

/** Runs a second load, which begins with the timed one and ends after it. */
async function missesBeside(
  bench: Bench,
  server: Server,
  { missesBeside: connections }: Plan,
): Promise<void> {
  if (connections === undefined) return;
  const misses: Plan = { mode: 'closed', connections, keys: 'hot', unknownShare: 1 };
  await clean(bench, server, misses, bench.seconds + 0.5);
}

async function changesBeside({ servers, seconds }: Bench, { changesBeside: each }: Plan): Promise<void> {
  if (each === undefined) return;
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const next = performance.now() + each * 1000;
    await servers.changeList();
    await sleep(Math.max(0, next - performance.now()));
  }
}

function valuesOf(result: LoadResult): Partial<Record<Metric, number>> {
  const values: Partial<Record<Metric, number>> = { rate: result.lookupsInTime / result.seconds };
  if (result.sessions > 0) values.sessions = result.sessions / result.seconds;
  const median = quantile(result.latency, 0.5);
  const p99 = quantile(result.latency, 0.99);
  if (median !== undefined) values.median = median / 1000;
  if (p99 !== undefined) values.p99 = p99 / 1000;
  const late = quantile(result.lag, 0.99);
  if (late !== undefined) values.late = late / 1000;
  return values;
}

/** Runs a load in which every request must get the right answer. */
async function clean(
  { generator, keys }: Bench,
  { socket }: Server,
  { keys: chosen, mode, connections, idle, rate, unknownShare }: Plan,
  seconds = WORK_SECONDS,
  observer?: { before: () => void; after: () => void },
): Promise<LoadResult> {
  const file = keys[chosen];
  const work = mode === 'once' || mode === 'burst';
  const load: Load = {
    ...{ socket, keys: file, mode, connections, idle, rate, unknownShare },
    seconds: work ? WORK_SECONDS : seconds,
    seed: ++lastSeed,
  };
  const result = await runLoad(generator, load, observer);
  const { wrong, wrongExample, lost, unanswered, lookups } = result;
  if (wrong > 0) throw new Error(`${wrong} of ${lookups} replies were wrong: ${wrongExample}`);
  if (lost > 0 || unanswered > 0 || lookups === 0) {
    throw new Error(`${lookups} replies, ${unanswered} missing, ${lost} connections lost`);
  }
  return result;
}
