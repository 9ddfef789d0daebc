// The scenarios: what is measured, for which servers, and what we aim at. Data only; the work is done elsewhere.
import { decode, type Decoder } from './decoder.js';
import { withSlowCyrus } from './fake-servers.js';
import { fairness } from './fairness.js';
import { directories, listing, manyKnown } from './million.js';
import { measureLoad, type Bench, type Plan } from './measure.js';
import { OURS, type Aim } from './results.js';
import type { Scenario } from './scenario.js';
import type { DaemonOptions, ServerName } from './servers.js';
import { startUp } from './start-up.js';
import { atRest, watched } from './watched.js';

const ALL = ['smmapd', 'floor', OURS] as const;
/** Without smmapd, where it would need a process of 16 MB for each of thousands of connections. */
const WITHOUT_SMMAPD = ['floor', OURS] as const;
/** Also with the generator's own responder, to see what the generator measures of a server that does nothing. */
const WITH_INSTRUMENT = ['responder', ...ALL] as const;

/** How long lmtpd takes in the scenario with a slow Cyrus, in milliseconds. */
const SLOW_MS = 50;

export function scenarios(smoke: boolean): Scenario[] {
  return [
    ...hits(smoke),
    ...misses(),
    ...attacks(smoke),
    ...clocked(smoke),
    ...listedOnly(smoke),
    sessions(),
    manyIdle(smoke ? 500 : 5000),
    slowCyrus(),
    ...fairness(smoke),
    started(),
    watched(),
    atRest(),
    manyKnown(),
    listing(smoke ? 5000 : 1_000_000),
    ...directories(smoke ? 5000 : 1_000_000),
    decoders(),
    ...(smoke ? [1, 50, 1000] : [1, 50, 1000, 10_000]).map(memory),
  ];
}

function hits(smoke: boolean): Scenario[] {
  const sweep = smoke ? [1, 40] : [1, 2, 4, 8, 16, 40];
  return [
    ...(smoke ? [8] : [1, 8, 40]).map((connections) =>
      openHits(connections, connections === 1 ? 4000 : 8000),
    ),
    ...sweep.map(closedHits),
  ];
}

function openHits(connections: number, rate: number): Scenario {
  const aims: Aim[] = [
    { metric: 'median', against: 'smmapd', atMost: 0.65 },
    { metric: 'p99', against: 'smmapd', atMost: 0.75 },
    { metric: 'median', against: 'floor', atMost: 1.15 },
    { metric: 'p99', against: 'floor', atMost: 1.15 },
  ];
  return {
    ...loads(`hit-open-${connections}`, WITH_INSTRUMENT, { mode: 'open', connections, rate, keys: 'hot' }),
    title: `hit, ${rate} lookups a second on ${connections} ${plural(connections)}`,
    aims: connections === 1 ? aims : [],
  };
}

function closedHits(connections: number): Scenario {
  const aims: Aim[] = [
    { metric: 'rate', against: 'smmapd', atLeast: 3 },
    { metric: 'rate', against: 'floor', atLeast: 0.85 },
    { metric: 'cpu', against: 'smmapd', atMost: 0.5 },
    { metric: 'cpu', against: 'floor', atMost: 1.2 },
  ];
  return {
    ...loads(`hit-${connections}`, WITH_INSTRUMENT, { mode: 'closed', connections, keys: 'hot' }),
    title: `hit, as many as can be on ${connections} ${plural(connections)}`,
    aims: connections === 40 ? aims : [],
  };
}

function misses(): Scenario[] {
  return [
    {
      ...loads('miss-existing', ALL, { mode: 'once', connections: 40, keys: 'cold' }),
      title: 'mailboxes that exist, each asked for the first time, 40 connections',
    },
    {
      ...loads('mixed', ALL, { mode: 'closed', connections: 40, keys: 'hot', unknownShare: 0.05 }),
      title: '95 % hits, 5 % distinct unknown names, 40 connections',
    },
    {
      ...loads('stampede', ALL, { mode: 'burst', connections: 40, keys: 'cold' }),
      title: 'stampede: 40 connections at once for a mailbox not asked for before',
    },
  ];
}

/** Dictionary attacks. The aim is for 40 connections; a botnet has many more, and then batches become larger. */
function attacks(smoke: boolean): Scenario[] {
  return (smoke ? [40] : [8, 40, 400]).map((connections) => ({
    ...loads(`miss-unknown-${connections}`, ALL, {
      mode: 'closed',
      connections,
      keys: 'hot',
      unknownShare: 1,
    }),
    title: `unknown names, all distinct (a dictionary attack), ${connections} connections`,
    aims: ATTACK_AIMS[connections] ?? [],
  }));
}

const ATTACK_AIMS: { readonly [connections: number]: readonly Aim[] } = {
  8: [{ metric: 'rate', against: 'smmapd', atLeast: 0.5 }],
  40: [{ metric: 'rate', against: 'smmapd', atLeast: 1 }],
};

/** With and without the clock, which looks at the identity of Cyrus' mailbox list. */
function clocked(smoke: boolean): Scenario[] {
  const plan: Plan = { mode: 'open', connections: 1, rate: 4000, keys: 'hot' };
  const hits: Plan = { mode: 'closed', connections: 40, keys: 'hot' };
  const mixed: Plan = { mode: 'closed', connections: 40, keys: 'hot', unknownShare: 0.05 };
  const beside = (label: string, usual: Plan, other: Plan) => ({
    connections: usual.connections,
    contestants: [
      { label: OURS, measure: (bench: Bench) => measureLoad(bench, OURS, usual) },
      { label, measure: (bench: Bench) => measureLoad(bench, OURS, other) },
    ],
  });
  return [
    {
      ...beside('without the clock', plan, { ...plan, daemon: { list: 'none' } }),
      name: 'clock',
      title: "hit, 4000 lookups a second on 1 connection, with Cyrus' list of mailboxes looked at",
      aims: [{ metric: 'median', against: 'without the clock', atMost: 1.1 }],
    },
    {
      ...beside('without the clock', hits, { ...hits, daemon: { list: 'none' } }),
      name: 'clock-40',
      title: "hit, as many as can be on 40 connections, with Cyrus' list of mailboxes looked at",
      aims: [],
    },
    {
      ...beside('no changes', { ...mixed, changesBeside: smoke ? 0.2 : 1 }, mixed),
      name: 'changes',
      title: '95 % hits, 5 % distinct unknown names, 40 connections, with a mailbox created each second',
      aims: [{ metric: 'p99', against: 'no changes', atMost: 1.5 }],
    },
  ];
}

/** With `directory = true`: lookups are answered from Cyrus' mailbox list. */
function listedOnly(smoke: boolean): Scenario[] {
  const daemon: DaemonOptions = { list: 'directory' };
  const scenario = (name: string, title: string, plan: Plan): Scenario => ({
    ...loads(`directory-${name}`, ALL, { ...plan, daemon }),
    title: `${title}, with the directory`,
    aims: [{ metric: 'rate', against: 'smmapd', atLeast: 3 }],
  });
  return [
    ...(smoke ? [40] : [8, 40]).map((connections) =>
      scenario(
        `unknown-${connections}`,
        `unknown names, all distinct (a dictionary attack), ${connections} connections`,
        { mode: 'closed', connections, keys: 'hot', unknownShare: 1 },
      ),
    ),
    scenario('existing', 'mailboxes that exist, each asked for the first time, 40 connections', {
      mode: 'once',
      connections: 40,
      keys: 'cold',
    }),
  ];
}

function sessions(): Scenario {
  return {
    ...loads('sessions', ALL, { mode: 'session', connections: 40, keys: 'hot' }),
    title: 'a connection for each SMTP session: connect, three hits, close; 40 at once',
    aims: [
      { metric: 'sessions', against: 'smmapd', atLeast: 1.75 },
      { metric: 'sessions', against: 'floor', atLeast: 0.9 },
    ],
  };
}

function manyIdle(idle: number): Scenario {
  const plan: Plan = { mode: 'open', connections: 8, idle, rate: 8000, keys: 'hot' };
  return {
    ...loads('idle', WITHOUT_SMMAPD, plan),
    title: `hit, 8000 lookups a second on 8 connections beside ${idle} idle ones`,
    aims: [{ metric: 'memory', atMost: 120 }],
  };
}

/** Memory with so many open connections, each used once. smmapd needs one process for each, so it is left out where it cannot. */
function memory(connections: number): Scenario {
  const plan: Plan = { mode: 'open', connections: 1, idle: connections - 1, rate: 1000, keys: 'hot' };
  return {
    ...loads(`memory-${connections}`, connections <= 50 ? ALL : WITHOUT_SMMAPD, plan),
    title: `memory with ${connections} ${plural(connections)}`,
    connections,
  };
}

function slowCyrus(): Scenario {
  const plan: Plan = { mode: 'open', connections: 8, rate: 8000, keys: 'hot' };
  const measure = (missesBeside: number | undefined) => (bench: Bench) =>
    withSlowCyrus(bench, SLOW_MS, (lmtp) =>
      measureLoad(bench, OURS, {
        ...plan,
        daemon: { lmtp },
        ...(missesBeside === undefined ? {} : { missesBeside }),
      }),
    );
  return {
    name: 'slow-cyrus',
    title: `hits on 8 connections while misses on 32 others wait ${SLOW_MS} ms for Cyrus`,
    connections: 8,
    contestants: [
      { label: OURS, measure: measure(32) },
      { label: 'undisturbed', measure: measure(undefined) },
    ],
    aims: [{ metric: 'p99', against: 'undisturbed', atMost: 1.5 }],
  };
}

function started(): Scenario {
  return {
    name: 'start',
    title: 'from the start of the process to its first answer',
    connections: 1,
    contestants: (['node -e 0', 'floor', OURS] as const).map((label) => ({
      label,
      measure: (bench: Bench) => startUp(bench, label),
    })),
    aims: [{ metric: 'took', against: 'node -e 0', atMost: 3 }],
  };
}

function decoders(): Scenario {
  const labels: readonly Decoder[] = [OURS, 'netstring-stream'];
  return {
    name: 'decoder',
    title: 'netstrings taken out of chunks of 64 KiB, no sockets',
    connections: 1,
    contestants: labels.map((label) => ({ label, measure: (bench: Bench) => decode(bench, label) })),
    aims: [],
  };
}

function loads(name: string, servers: readonly ServerName[], plan: Plan) {
  return {
    name,
    connections: plan.connections,
    contestants: servers.map((label) => ({
      label,
      measure: (bench: Bench) => measureLoad(bench, label, plan),
    })),
    aims: [] as const,
  };
}

function plural(count: number): string {
  return count === 1 ? 'connection' : 'connections';
}
