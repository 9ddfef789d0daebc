// The only place that joins the parts: front, heart and back. Start, reload, drain, stop.
import type { Config, EventsConfig } from '../config/config.js';
import type { Events } from '../cyrus/events/events.js';
import type { Log } from '../log/log.js';
import { SASLDB_PLACES, sasldbReaders } from '../cyrus/sasldb/readers.js';
import type { Endpoint } from '../net/endpoint.js';
import { eventConnectionsWithin, openFilesLimit } from '../socketmap/open-files.js';
import { SocketmapServer } from '../socketmap/server.js';
import type { Probe } from '../validation/probe.js';
import type { Lookup } from '../socketmap/lookup.js';
import { Admin } from './admin.js';
import type { Beside } from './beside.js';
import { figuresOf } from './figures.js';
import { heartOf, now, putInForce, type Heart, type InForce } from './in-force.js';
import { LoopDelay } from './loop-delay.js';
import { Operator } from './operator.js';
import { statsOf } from './stats.js';
import { WarmStart } from './warm-start.js';

/** After its 30 s Sendmail takes an answer for that to its next question: sendmail/map.c, socket_map_lookup(). */
const SENDMAIL_TIMEOUT_MS = 30_000;

/** What is open from the start to the stop, whatever is configured meanwhile. */
type Doors = {
  readonly server: SocketmapServer;
  readonly events: Events | undefined;
  readonly warmStart: WarmStart | undefined;
  readonly beside: Beside | undefined;
  /** The policy service, where there is one. */
  readonly policy: SocketmapServer | undefined;
};

export class Daemon {
  readonly #started: Config;
  readonly #heart: Heart;
  readonly #doors: Doors;
  readonly #loopDelay = new LoopDelay(now);
  /** What the control socket does with it. */
  readonly operator: Operator;
  #admin: Admin | undefined;
  #inForce: InForce;
  /** Of former configurations, still answering. */
  readonly #retiring = new Set<Probe>();

  private constructor(started: Config, heart: Heart, doors: Doors, inForce: InForce) {
    this.#started = started;
    this.#heart = heart;
    this.#doors = doors;
    this.#inForce = inForce;
    this.operator = new Operator({
      ...heart,
      config: () => this.#inForce.config,
      backchannels: () => this.#inForce.backchannels,
      figures: () => this.#figures(),
      listening: () => doors.server.endpoints.length,
      now,
      wallClock: Date.now,
    });
  }

  /**
   * Builds everything and listens. Cyrus need not be there: until it answers, lookups are deferred.
   * @param filesChanged told where imapd.conf, a password or a certificate changed: then the configuration is read anew
   * @throws ConfigError, or UnavailableError where a listener cannot be opened
   */
  static async start(config: Config, log: Log, filesChanged = (): void => undefined): Promise<Daemon> {
    const heart = heartOf(config, log, filesChanged);
    const daemon = await open(config, heart).then(
      ({ doors, inForce }) => new Daemon(config, heart, doors, inForce),
    );
    try {
      daemon.#admin = await Admin.open(config, daemon.operator, log);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  /** What it listens on, with the ports that were given for port 0. */
  get endpoints(): readonly Endpoint[] {
    return this.#doors.server.endpoints;
  }

  /** Of the admin. */
  get adminEndpoints(): readonly Endpoint[] {
    return this.#admin?.endpoints ?? [];
  }

  /** Counters since the start, and sizes of now. */
  stats(): object {
    return statsOf({ ...this.#heart, ...this.#doors, probes: this.#inForce.backchannels.probes });
  }

  #figures(): ReturnType<typeof figuresOf> {
    const { backchannels, config } = this.#inForce;
    const { sasldb } = config.admin;
    return figuresOf({
      ...this.#heart,
      ...this.#doors,
      backchannels,
      limits: config.cache,
      loopDelaySeconds: this.#loopDelay.worstSeconds,
      sasldb: sasldbReaders(sasldb === undefined ? SASLDB_PLACES : [sasldb]),
      now: now(),
    });
  }

  /**
   * Takes a new configuration: back-channels, rules, policies and lifetimes at once. What is cached as negative
   * is dropped. Listeners (of events too), the sizes of the stores and the file of the known mailboxes are those of
   * the start.
   * @throws ConfigError where it cannot be used; the old one stays in force then
   */
  async reload(config: Config): Promise<void> {
    const former = this.#inForce;
    const next = { ...config, events: eventsOf(this.#started, config) };
    this.#inForce = await putInForce(next, this.#heart, this.#doors.events?.proof, former);
    this.#doors.beside?.take(next);
    const { server, policy } = this.#doors;
    for (const each of [server, policy])
      if (each !== undefined) each.stallLimitMs = stallLimitOf(config.lookup);
    this.#doors.events?.servers.expect(next.events?.serverNames);
    const { probes } = this.#inForce.backchannels;
    for (const probe of former.backchannels.probes) if (!probes.includes(probe)) this.#retire(probe);
  }

  /** What it was asked is still answered; nobody waits for it, so that the log is rotated in time. */
  #retire(probe: Probe): void {
    this.#retiring.add(probe);
    void probe.drain().finally(() => this.#retiring.delete(probe));
  }

  /** Accepts no more, answers what is in flight within the grace, closes everything. */
  async stop(): Promise<void> {
    const { server, events, warmStart, beside, policy } = this.#doors;
    const { lookupLog, harvest, snapshots, hostClock, files } = this.#heart;
    const { config, backchannels } = this.#inForce;
    this.#admin?.close();
    files.close();
    this.#loopDelay.close();
    harvest.end();
    const { shutdownGraceMs } = config.socketmap;
    await Promise.all([server.stop(shutdownGraceMs), policy?.stop(shutdownGraceMs)]);
    beside?.shadow.close();
    lookupLog.end();
    events?.close();
    snapshots.close();
    await warmStart?.end();
    await Promise.all([...backchannels.probes, ...this.#retiring].map((probe) => probe.close()));
    hostClock.close();
  }
}

async function open(config: Config, heart: Heart): Promise<{ doors: Doors; inForce: InForce }> {
  const events = await openEvents(config, heart);
  try {
    const inForce = await putInForce(config, heart, events?.proof);
    const beside = await openBeside(config, heart);
    const server = await listen(config, heart, beside?.lookup ?? heart.lookups);
    const policy = await listenForPolicy(config, heart).catch(async (error: unknown) => {
      await server.stop(0);
      throw error;
    });
    const doors = { server, events, warmStart: warm(config, heart), beside, policy };
    return { doors, inForce };
  } catch (error) {
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
  { validator, snapshots, log }: Heart,
): Promise<Events | undefined> {
  if (events === undefined) return undefined;
  const { openEvents: openThem } = await import('../cyrus/events/events.js');
  const within = eventConnectionsWithin(openFilesLimit());
  return openThem(events, validator, log, () => snapshots.soon(), within);
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
): Promise<SocketmapServer> {
  const openFiles = openFilesLimit();
  const ofEvents = events === undefined ? 0 : eventConnectionsWithin(openFiles);
  const eventConnections = ofEvents + (policy.listen.length > 0 ? policy.maxConnections : 0);
  const options = { ...socketmap, stallLimitMs: stallLimitOf(limits), openFiles, eventConnections };
  return SocketmapServer.listen(socketmap.listen, options, { lookup, log, now });
}

/** On connections of the same kind; the files that it needs are left to it by the other server. */
async function listenForPolicy(
  { socketmap, policy, lookup: limits }: Config,
  { policyLookups, log }: Heart,
): Promise<SocketmapServer | undefined> {
  if (policy.listen.length === 0) return undefined;
  const { POLICY } = await import('../policy/dialect.js');
  const options = { ...socketmap, ...policy, stallLimitMs: stallLimitOf(limits) };
  return SocketmapServer.listen(policy.listen, options, { lookup: policyLookups, dialect: POLICY, log, now });
}

/** Who stood still for longer may answer later than Sendmail waits. */
function stallLimitOf({ deadlineMs }: Config['lookup']): number {
  return SENDMAIL_TIMEOUT_MS - deadlineMs;
}

function warm({ cache: config }: Config, { cache, validator, log }: Heart): WarmStart | undefined {
  return WarmStart.begin(config, { cache, validator, log, clocks: { now, wallClock: Date.now } });
}

/** The socket is that of the start: without one nobody would tell us of a change, and with one somebody does. */
function eventsOf(started: Config, config: Config): EventsConfig | undefined {
  if (started.events === undefined) return undefined;
  const { negativeTtlMs, backchannels, serverNames } = config.events ?? started.events;
  return { ...started.events, negativeTtlMs, backchannels, serverNames };
}
