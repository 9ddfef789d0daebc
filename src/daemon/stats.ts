// What has been counted since the start, and how full everything is now: one object, for the log line `stats`. Whoever
// wants rates takes the difference of two. No I/O; asks the runtime for its memory.
import type { Backchannels } from '../backchannels/build.js';
import { Pool } from '../cyrus/pool/pool.js';
import type { Events } from '../cyrus/events/events.js';
import type { Fleet } from '../fleet/fleet.js';
import { policyFigures, shadowFigures } from './figures.js';
import type { Beside } from './beside.js';
import type { HostClock } from './host-clock.js';
import type { Metrics } from './metrics.js';
import type { SocketmapServer } from '../socketmap/server.js';
import type { VerdictCache } from '../validation/verdict-cache.js';

export type StatsParts = {
  readonly metrics: Metrics;
  readonly server: SocketmapServer;
  readonly cache: VerdictCache;
  readonly backchannels: Backchannels;
  readonly events: Events | undefined;
  readonly fleet: Fleet | undefined;
  readonly policy: SocketmapServer | undefined;
  readonly beside: Beside | undefined;
  readonly hostClock: HostClock;
};

export function statsOf(parts: StatsParts) {
  const { metrics, server, cache, backchannels, events, fleet, policy, beside, hostClock } = parts;
  const { accepted, requests, replies, closed } = server.counters;
  return {
    uptimeMs: Math.round(performance.now()),
    memoryBytes: process.memoryUsage.rss(),
    connections: server.connections,
    lingering: server.lingering,
    accepted,
    closed,
    queue: server.queue,
    requests,
    replies,
    ...metrics.totals,
    misses: missesOf(metrics),
    cache: { known: cache.knownSize, negative: cache.negativeSize },
    backchannels: Object.fromEntries(
      backchannels.probes.flatMap((probe) =>
        probe instanceof Pool ? [[probe.name, { sessions: probe.size, waiting: probe.waiting }]] : [],
      ),
    ),
    ...mupdateOf(backchannels),
    ...(events === undefined ? {} : { events: eventsOf(events) }),
    ...(fleet === undefined ? {} : { fleet: fleet.state }),
    ...(policy === undefined ? {} : { policy: policyFigures(policy) }),
    ...(beside === undefined ? {} : { shadow: shadowFigures(beside.shadow) }),
    ...(hostClock.clock === undefined ? {} : { clock: hostClock.clock.state }),
    ...(hostClock.directory === undefined ? {} : { directory: hostClock.directory.state }),
  };
}

function mupdateOf({ murders }: Backchannels) {
  if (murders.length === 0) return {};
  const states = murders.map(({ probe }) => {
    const { standing, mailboxes, lists, noops } = probe.state;
    return [probe.name, { standing, mailboxes, lists, noops }] as const;
  });
  return { mupdate: Object.fromEntries(states) };
}

/** How long lookups took that had to ask. */
function missesOf({ missMicroseconds: times }: Metrics) {
  const { count } = times;
  if (count === 0) return { count };
  return {
    count,
    medianMs: times.percentile(50) / 1000,
    p99Ms: times.percentile(99) / 1000,
    maxMs: times.max / 1000,
  };
}

function eventsOf({ receiver, gaps, forwarder }: Events) {
  return {
    received: Object.fromEntries(receiver.counts),
    gaps: gaps.count,
    ...(forwarder === undefined ? {} : { handedOn: forwarder.delivered, dropped: forwarder.dropped }),
  };
}
