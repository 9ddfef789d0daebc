// The counters and sizes of all parts as one plain object: what `stats`, the metrics and the page are made of. No I/O; asks
// the runtime for its memory and its time.
import type { BackchannelFigures, Figures } from '../admin/operations.js';
import type { Backchannels } from '../backchannels/build.js';
import type { Shadow } from '../comparison/shadow.js';
import type { SubscriptionState } from '../cyrus/mupdate/subscription.js';
import type { ClockState } from '../cyrus/mailbox-list/clock.js';
import type { Events } from '../cyrus/events/events.js';
import type { Fleet } from '../fleet/fleet.js';
import type { SocketmapServer } from '../socketmap/server.js';
import type { VerdictCache } from '../validation/verdict-cache.js';
import type { Harvest } from './harvest.js';
import type { Beside } from './beside.js';
import type { HostClock } from './host-clock.js';
import { BOUNDS_SECONDS } from './histogram.js';
import type { LookupLog } from './lookup-log.js';
import type { Metrics } from './metrics.js';

export type FigureParts = {
  readonly metrics: Metrics;
  readonly server: SocketmapServer;
  readonly cache: VerdictCache;
  readonly backchannels: Backchannels;
  readonly events: Events | undefined;
  readonly fleet: Fleet | undefined;
  readonly policy: SocketmapServer | undefined;
  readonly beside: Beside | undefined;
  readonly harvest: Harvest;
  readonly lookupLog: LookupLog;
  readonly limits: { readonly maxKnown: number; readonly maxNegative: number };
  readonly loopDelaySeconds: number;
  readonly sasldb: { readonly used: number; readonly max: number } | undefined;
  readonly hostClock: HostClock;
  readonly now: number;
};

export function figuresOf(parts: FigureParts): Figures {
  const { metrics, server, cache, limits, events, beside, harvest, sasldb, hostClock } = parts;
  const { accepted, requests, replies, closed } = server.counters;
  const { user, system } = process.cpuUsage();
  return {
    uptimeSeconds: process.uptime(),
    memoryBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    connections: server.connections,
    lingering: server.lingering,
    accepted,
    closed,
    requests,
    replies,
    lookups: [...metrics.tallies].flatMap(([map, tally]) =>
      [...tally.entries()].map((entry) => ({ map, ...entry })),
    ),
    misses: { bounds: BOUNDS_SECONDS, ...metrics.missDurations.read() },
    caches: [
      { store: 'known', entries: cache.knownSize, max: limits.maxKnown, evictions: cache.evictions.known },
      {
        store: 'negative',
        entries: cache.negativeSize,
        max: limits.maxNegative,
        evictions: cache.evictions.negative,
      },
    ],
    backchannels: backchannelFigures(parts.backchannels, parts.now),
    ...(events === undefined ? {} : { events: eventFigures(events) }),
    ...(parts.fleet === undefined ? {} : { fleet: parts.fleet.state }),
    ...(parts.policy === undefined ? {} : { policy: policyFigures(parts.policy) }),
    ...(beside === undefined ? {} : { shadow: shadowFigures(beside.shadow) }),
    harvest: { begun: harvest.begun, active: harvest.active.map((domain) => domain ?? '*') },
    unlogged: Object.fromEntries(parts.lookupLog.unlogged),
    loopDelaySeconds: parts.loopDelaySeconds,
    ...(sasldb === undefined ? {} : { sasldb }),
    ...proofFigures(hostClock),
  };
}

function backchannelFigures({ cyrus, murders }: Backchannels, now: number): BackchannelFigures[] {
  const masters = murders.map(({ probe }) => masterFigures(probe.name, probe.state, now));
  const servers = cyrus.map(({ probe, witness }) => {
    const { name, state, size, waiting, questions, batches, answeredAt, trouble } = probe;
    // A witness that was learned is somebody's address, which metrics and page must not show.
    const mailboxes = witness.canaries.map(({ address }) => address).join(', ');
    return {
      name,
      state,
      sessions: size,
      waiting,
      questions,
      batches,
      ...(answeredAt === undefined ? {} : { answeredAgo: Math.max(0, now - answeredAt) / 1000 }),
      ...(trouble === undefined ? {} : { trouble }),
      ...(mailboxes === '' ? {} : { witness: mailboxes }),
      witnessState: witness.state,
    };
  });
  return [...servers, ...masters];
}

function masterFigures(
  name: string,
  { standing, trouble, mailboxes, lists, noops, answeredAt, strangers }: SubscriptionState,
  now: number,
): BackchannelFigures {
  const state = standing === 'current' ? 'up' : 'down';
  return {
    name,
    state: standing === 'connecting' && lists === 0 ? 'untried' : state,
    sessions: standing === 'listing' || standing === 'current' ? 1 : 0,
    waiting: 0,
    questions: noops,
    batches: noops,
    ...(answeredAt === undefined ? {} : { answeredAgo: Math.max(0, now - answeredAt) / 1000 }),
    ...(trouble === undefined ? {} : { trouble }),
    list: { standing, mailboxes, loads: lists, strangers },
  };
}

function eventFigures({ receiver, gaps, forwarder }: Events): NonNullable<Figures['events']> {
  return {
    received: Object.fromEntries(receiver.counts),
    gaps: gaps.count,
    handedOn: forwarder?.delivered ?? 0,
    dropped: forwarder?.dropped ?? 0,
  };
}

export function policyFigures({ connections, counters }: SocketmapServer): NonNullable<Figures['policy']> {
  return { connections, requests: counters.requests, replies: counters.replies };
}

export function shadowFigures({ counts, kinds }: Shadow): NonNullable<Figures['shadow']> {
  return { answers: counts, differences: Object.fromEntries(kinds) };
}

function clockFigures({ standing, reason, changes }: ClockState): NonNullable<Figures['clock']> {
  return { standing, ...(reason === undefined ? {} : { reason }), changes };
}

function proofFigures({ clock, directory }: HostClock): Pick<Figures, 'clock' | 'directory'> {
  return {
    ...(clock === undefined ? {} : { clock: clockFigures(clock.state) }),
    ...(directory === undefined ? {} : { directory: directory.state }),
  };
}
