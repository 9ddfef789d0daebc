// What is open from the start to the stop, whatever is configured meanwhile: the front, events, the file of the known mailboxes.
// I/O by what it opens.
import type { Config } from '../config/config.js';
import type { Events } from '../cyrus/events/events.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Lookup } from '../socketmap/lookup.js';
import { eventConnectionsWithin, openFilesLimit } from '../socketmap/open-files.js';
import { SocketmapServer } from '../socketmap/server.js';
import type { Beside } from './beside.js';
import { now, putInForce, type Heart, type InForce } from './in-force.js';
import type { Outlet } from './outlet.js';
import { WarmStart, type Succeeding } from './warm-start.js';

/** After 30 s Sendmail takes a late answer for the one to its next question: sendmail/map.c, socket_map_lookup(). */
const SENDMAIL_TIMEOUT_MS = 30_000;

export const CLOCKS = { now, wallClock: Date.now };

export type Doors = {
  readonly server: SocketmapServer;
  readonly events: Events | undefined;
  /** Who tells other machines of changes, or hears of theirs. */
  readonly fleet: Fleet | undefined;
  readonly warmStart: WarmStart | undefined;
  readonly beside: Beside | undefined;
  /** The policy service, where there is one. */
  readonly policy: SocketmapServer | undefined;
};

/** @param succeeding to take the place of another process, see Daemon.start() */
export async function openDoors(
  config: Config,
  heart: Heart,
  succeeding: Succeeding | undefined,
): Promise<{ doors: Doors; inForce: InForce }> {
  const fleet = await openFleet(config, heart);
  const events = await openEvents(config, heart, succeeding !== undefined).catch((error: unknown) => {
    fleet?.close();
    throw error;
  });
  // There cannot be two on one socket, but at a takeover.
  if (events !== undefined && succeeding === undefined) fleet?.replacing();
  try {
    const inForce = await putInForce(config, heart, events?.proof);
    const beside = await openBeside(config, heart);
    const server = await listen(config, heart, beside?.lookup ?? heart.lookups, succeeding !== undefined);
    const policy = await listenForPolicy(config, heart, succeeding !== undefined).catch(
      async (error: unknown) => {
        await server.stop(0);
        throw error;
      },
    );
    if (succeeding === undefined) fleet?.publish();
    const warmStart = warm(config, heart, succeeding?.restored);
    return { doors: { server, events, fleet, warmStart, beside, policy }, inForce };
  } catch (error) {
    fleet?.close();
    events?.close();
    heart.snapshots.close();
    heart.hostClock.close();
    heart.files.close();
    heart.harvest.end();
    throw error;
  }
}

async function openEvents(
  { events }: Config,
  { validator, snapshots, outlet, log }: Heart,
  succeeding: boolean,
): Promise<Events | undefined> {
  if (events === undefined) return undefined;
  const { openEvents: openThem } = await import('../cyrus/events/events.js');
  const within = eventConnectionsWithin(openFilesLimit());
  const publish: Outlet['changed'] = (mailboxes, waits) => outlet.changed(mailboxes, waits);
  return openThem(events, validator, log, publish, () => snapshots.soon(), succeeding, within);
}

/** Nothing of it is loaded where it is not configured. */
async function openFleet(config: Config, heart: Heart): Promise<Fleet | undefined> {
  if (config.fleet === undefined) return undefined;
  const { Fleet: Opened } = await import('../fleet/fleet.js');
  const { validator, outlet, log } = heart;
  const fleet = await Opened.open({
    config: config.fleet,
    forget: (mailbox) => validator.forget(mailbox),
    missed: () => validator.missed(),
    rules: () => validator.addressRules,
    knownTtlMs: () => config.cache.knownTtlMs,
    proof: () => outlet.proof,
    now,
    wall: Date.now,
    log,
  });
  outlet.fleet = fleet;
  return fleet;
}

/** With another socketmap beside ours. */
async function openBeside(config: Config, { lookups, log }: Heart): Promise<Beside | undefined> {
  const { endpoint } = config.shadow;
  if (endpoint === undefined) return undefined;
  const { Beside: Opened } = await import('./beside.js');
  return new Opened(endpoint, config, lookups, log, now);
}

function listen(
  { socketmap, policy, lookup: limits, events }: Config,
  { log }: Heart,
  lookup: Lookup,
  beside: boolean,
): Promise<SocketmapServer> {
  const openFiles = openFilesLimit();
  const ofEvents = events === undefined ? 0 : eventConnectionsWithin(openFiles);
  const eventConnections = ofEvents + (policy.listen.length > 0 ? policy.maxConnections : 0);
  const options = { ...socketmap, stallLimitMs: stallLimitOf(limits), openFiles, eventConnections, beside };
  return SocketmapServer.listen(socketmap.listen, options, { lookup, log, now });
}

/** The policy service has connections of the same kind; the other server leaves it the files that it needs. */
async function listenForPolicy(
  { socketmap, policy, lookup: limits }: Config,
  { policyLookups, log }: Heart,
  beside: boolean,
): Promise<SocketmapServer | undefined> {
  if (policy.listen.length === 0) return undefined;
  const { POLICY } = await import('../policy/dialect.js');
  const options = { ...socketmap, ...policy, stallLimitMs: stallLimitOf(limits), beside };
  return SocketmapServer.listen(policy.listen, options, { lookup: policyLookups, dialect: POLICY, log, now });
}

/** A process that stood still for longer than this could answer later than Sendmail waits. */
export function stallLimitOf({ deadlineMs }: Config['lookup']): number {
  return SENDMAIL_TIMEOUT_MS - deadlineMs;
}

function warm(
  { cache: config }: Config,
  { cache, validator, log }: Heart,
  restored: Promise<void> | undefined,
): WarmStart | undefined {
  return WarmStart.begin(config, { cache, validator, log, clocks: CLOCKS }, restored);
}
