// The only place that builds and joins the parts: front, heart and back. Start, reload, drain, stop.
import {
  buildBackchannels,
  validatorRules,
  type Backchannels,
  type BackchannelSurroundings,
} from '../backchannels/build.js';
import { Admin } from './admin.js';
import { Decisions } from './decisions.js';
import { figuresOf } from './figures.js';
import { Harvest, harvestAlarm } from './harvest.js';
import { LoopDelay } from './loop-delay.js';
import { Operator } from './operator.js';
import type { Config } from '../config/config.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Events } from '../cyrus/events/events.js';
import type { Log } from '../log/log.js';
import { HostClock } from './host-clock.js';
import { LookupLog } from './lookup-log.js';
import { Lookups, policiesOf } from './lookups.js';
import { Metrics } from './metrics.js';
import { vouchedFor } from './proofs.js';
import { snapshotSources, type ConfiguredSource } from '../snapshots/sources.js';
import { Snapshots } from '../snapshots/snapshots.js';
import { eventConnectionsWithin, openFilesLimit } from '../socketmap/open-files.js';
import { SocketmapServer } from '../socketmap/server.js';
import { statsOf } from './stats.js';
import type { Probe } from '../validation/probe.js';
import { Validator } from '../validation/validator.js';
import { DEFAULT_BELIEF } from '../validation/belief.js';
import { VerdictCache } from '../validation/verdict-cache.js';
import { WarmStart } from './warm-start.js';

/** After its 30 s Sendmail takes an answer for that to its next question: sendmail/map.c, socket_map_lookup(). */
const SENDMAIL_TIMEOUT_MS = 30_000;

export class Daemon {
  readonly #surroundings: BackchannelSurroundings;
  readonly #server: SocketmapServer;
  readonly #lookups: Lookups;
  readonly #lookupLog: LookupLog;
  readonly #validator: Validator;
  readonly #cache: VerdictCache;
  readonly #events: Events | undefined;
  readonly #hostClock: HostClock;
  readonly #warmStart: WarmStart | undefined;
  readonly #metrics: Metrics;
  readonly #harvest: Harvest;
  readonly #loopDelay = new LoopDelay(now);
  /** What the control socket does with it. */
  readonly operator: Operator;
  #admin: Admin | undefined;
  #config: Config;
  #backchannels: Backchannels;
  readonly #snapshots: Snapshots;
  #sources: readonly ConfiguredSource[];
  /** Of former configurations, still answering. */
  readonly #retiring = new Set<Probe>();

  private constructor(config: Config, parts: Parts) {
    this.#config = config;
    this.#surroundings = parts.surroundings;
    this.#snapshots = parts.snapshots;
    this.#sources = parts.sources;
    this.#server = parts.server;
    this.#lookups = parts.lookups;
    this.#lookupLog = parts.lookupLog;
    this.#validator = parts.validator;
    this.#cache = parts.cache;
    this.#backchannels = parts.backchannels;
    this.#events = parts.events;
    this.#hostClock = parts.hostClock;
    this.#warmStart = parts.warmStart;
    this.#metrics = parts.metrics;
    this.#harvest = parts.harvest;
    this.operator = new Operator({
      validator: parts.validator,
      cache: parts.cache,
      decisions: parts.decisions,
      config: () => this.#config,
      backchannels: () => this.#backchannels,
      figures: () => this.#figures(),
      listening: () => parts.server.endpoints.length,
      now,
      wallClock: Date.now,
    });
  }

  /**
   * Builds everything and listens. Cyrus need not be there: until it answers, lookups are deferred.
   * @param confChanged told where imapd.conf of this machine's Cyrus changed: then the configuration is read anew
   * @throws ConfigError, or UnavailableError where a listener cannot be opened
   */
  static async start(config: Config, log: Log, confChanged = (): void => undefined): Promise<Daemon> {
    const snapshots = new Snapshots({ beginSnapshot: () => validator.beginSnapshot(), log, now });
    const gap = (): void => snapshots.soon();
    const surroundings = { log, now, random: Math.random, restarted: gap };
    const backchannels = await buildBackchannels(config, surroundings);
    const cache = new VerdictCache(config.cache, DEFAULT_BELIEF, now(), config.backchannels.length);
    const validator = new Validator(cache, backchannels.route, validatorRules(config), now);
    const metrics = new Metrics();
    const lookupLog = new LookupLog(log, config.log.maxRefusedPerSecond, now);
    const decisions = new Decisions(config.admin.decisions, now);
    const harvest = new Harvest(domainsOf(config), config.admin.harvest, harvestAlarm(log), now);
    const hearers = { log: lookupLog, metrics, decisions, harvest, now };
    const lookups = new Lookups(validator, policiesOf(config, metrics), hearers);
    const files = filesFor(config);
    const opened = config.events && (await import('../cyrus/events/events.js'));
    const events =
      config.events && (await opened?.openEvents(config.events, validator, log, gap, files.eventConnections));
    const hostClock = new HostClock({ validator, log, now, confChanged });
    await hostClock.configure(config);
    const tellers = { events: events?.proof, clock: hostClock.clock };
    cache.vouchers.take(vouchedFor(config, backchannels, tellers), now());
    let server: SocketmapServer;
    try {
      const parts = { lookup: lookups, log, now };
      server = await SocketmapServer.listen(
        config.socketmap.listen,
        { ...serverOptions(config), ...files },
        parts,
      );
    } catch (error) {
      events?.close();
      hostClock.close();
      throw error;
    }
    const clocks = { now, wallClock: Date.now };
    const warmStart = WarmStart.begin(config.cache, { cache, validator, log, clocks });
    const sources = snapshotSources(config, backchannels, now);
    snapshots.reconfigure(sources, config.cache.snapshotIntervalMs);
    const daemon = new Daemon(config, {
      surroundings,
      sources,
      snapshots,
      server,
      lookups,
      lookupLog,
      validator,
      cache,
      backchannels,
      events,
      hostClock,
      warmStart,
      metrics,
      decisions,
      harvest,
    });
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
    return this.#server.endpoints;
  }

  /** Counters since the start, and sizes of now. */
  stats(): object {
    return statsOf({
      metrics: this.#metrics,
      server: this.#server,
      cache: this.#cache,
      probes: this.#backchannels.probes,
      events: this.#events,
      hostClock: this.#hostClock,
    });
  }

  /** Of the admin. */
  get adminEndpoints(): readonly Endpoint[] {
    return this.#admin?.endpoints ?? [];
  }

  #figures(): ReturnType<typeof figuresOf> {
    return figuresOf({
      metrics: this.#metrics,
      server: this.#server,
      cache: this.#cache,
      backchannels: this.#backchannels,
      events: this.#events,
      harvest: this.#harvest,
      lookupLog: this.#lookupLog,
      limits: this.#config.cache,
      loopDelaySeconds: this.#loopDelay.worstSeconds,
      sasldb: undefined,
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
    const former = this.#backchannels;
    const next = await buildBackchannels(config, this.#surroundings, former);
    this.#backchannels = next;
    // Without a channel that is open nobody would tell us of a change.
    const events = this.#events === undefined ? undefined : (config.events ?? this.#config.events);
    this.#config = { ...config, events };
    const closeFormer = await this.#hostClock.configure(config);
    const tellers = { events: this.#events?.proof, clock: this.#hostClock.clock };
    this.#cache.vouchers.take(vouchedFor(this.#config, next, tellers), now());
    closeFormer();
    this.#lookups.policies = policiesOf(config, this.#metrics);
    this.#harvest.watch(domainsOf(config), config.admin.harvest);
    this.#lookupLog.maxRefusedPerSecond = config.log.maxRefusedPerSecond;
    this.#validator.reconfigure(next.route, validatorRules(config));
    this.#sources = snapshotSources(config, next, now, this.#sources);
    this.#snapshots.reconfigure(this.#sources, config.cache.snapshotIntervalMs);
    for (const probe of former.probes) if (!next.probes.includes(probe)) this.#retire(probe);
  }

  /** What it was asked is still answered; nobody waits for it, so that the log is rotated in time. */
  #retire(probe: Probe): void {
    this.#retiring.add(probe);
    void probe.drain().finally(() => this.#retiring.delete(probe));
  }

  /** Accepts no more, answers what is in flight within the grace, closes everything. */
  async stop(): Promise<void> {
    this.#admin?.close();
    this.#loopDelay.close();
    this.#harvest.end();
    await this.#server.stop(this.#config.socketmap.shutdownGraceMs);
    this.#lookupLog.end();
    this.#events?.close();
    this.#snapshots.close();
    await this.#warmStart?.end();
    const probes = [...this.#backchannels.probes, ...this.#retiring];
    await Promise.all(probes.map((probe) => probe.close()));
    this.#hostClock.close();
  }
}

type Parts = {
  readonly surroundings: BackchannelSurroundings;
  readonly snapshots: Snapshots;
  readonly sources: readonly ConfiguredSource[];
  readonly server: SocketmapServer;
  readonly lookups: Lookups;
  readonly lookupLog: LookupLog;
  readonly validator: Validator;
  readonly cache: VerdictCache;
  readonly backchannels: Backchannels;
  readonly events: Events | undefined;
  readonly hostClock: HostClock;
  readonly warmStart: WarmStart | undefined;
  readonly metrics: Metrics;
  readonly decisions: Decisions;
  readonly harvest: Harvest;
};

function now(): number {
  return performance.now();
}

function serverOptions({ socketmap, lookup }: Config) {
  const stallLimitMs = SENDMAIL_TIMEOUT_MS - lookup.deadlineMs;
  return { ...socketmap, stallLimitMs };
}

/** What may be open, and how much of it Cyrus' events may take. */
function filesFor({ events }: Config) {
  const openFiles = openFilesLimit();
  return { openFiles, eventConnections: events === undefined ? 0 : eventConnectionsWithin(openFiles) };
}

function domainsOf({ domains }: Config): ReadonlySet<string> {
  return new Set(domains.map(({ domain }) => domain));
}
