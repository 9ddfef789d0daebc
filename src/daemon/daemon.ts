// The only place that joins the parts: front, heart and back. Start, reload, drain, stop.
import type { Config, EventsConfig } from '../config/config.js';
import type { Log } from '../log/log.js';
import { SASLDB_PLACES, sasldbReaders } from '../cyrus/sasldb/readers.js';
import type { Handing, TakeoverRequest } from '../admin/operations.js';
import { UnavailableError } from '../errors.js';
import * as verbs from '../log/verbs/takeover.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import type { Listener } from '../net/listener.js';
import type { SocketmapServer } from '../socketmap/server.js';
import type { Probe } from '../validation/probe.js';
import { Admin } from './admin.js';
import { CLOCKS, openDoors, stallLimitOf, type Doors } from './doors.js';
import { HandOver, lastOnesServed, type HandingState } from './hand-over.js';
import type { OlderRelease } from './older-release.js';
import type { Snapshot } from '../validation/snapshot.js';
import { figuresOf } from './figures.js';
import { heartOf, now, putInForce, type Heart, type InForce } from './in-force.js';
import { learnAgain, type LearnedWitnesses } from './learned-witnesses.js';
import { LoopDelay } from './loop-delay.js';
import { Operator } from './operator.js';
import { statsOf } from './stats.js';
import type { Succeeding } from './warm-start.js';

export class Daemon {
  readonly #started: Config;
  readonly #heart: Heart;
  readonly #doors: Doors;
  readonly #loopDelay = new LoopDelay(now);
  /** What the control socket does with it. */
  readonly operator: Operator;
  #admin: Admin | undefined;
  #inForce: InForce;
  /** Back-channels of former configurations that still answer what they were asked. */
  readonly #retiring = new Set<Probe>();
  #handing = false;
  /** While we take the place of another process: what of it is still there. */
  #taking: { readonly older: OlderRelease | undefined } | undefined;
  #settled: Promise<void> = Promise.resolve();
  #retired = (): void => undefined;
  /** Resolves when another process has taken over, and nobody is connected here any more. */
  readonly retired = new Promise<void>((resolve) => (this.#retired = resolve));
  /** Told when another process takes over, when that is undone, and when it is final. */
  onHandOver: (state: HandingState, successor: number) => void = () => undefined;

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
      listeners: () => this.#servers.flatMap(({ endpoints }) => endpoints.map(formatEndpoint)),
      handOver: (request) => this.#handOver(request),
      taking: () => this.#taking !== undefined,
      watchdog: process.env['WATCHDOG_USEC'],
      now,
      wallClock: Date.now,
    });
  }

  /**
   * Builds everything and listens. Cyrus need not be there: until it answers, lookups are deferred.
   * @param filesChanged called when imapd.conf, a password or a certificate has changed, so that the configuration is read anew
   * @param succeeding where it takes the place of another process: its sockets wait beside the other's, and ports are not opened
   * @throws ConfigError, or UnavailableError where a listener cannot be opened
   */
  static async start(
    config: Config,
    log: Log,
    filesChanged = (): void => undefined,
    succeeding?: Succeeding,
  ): Promise<Daemon> {
    const heart = heartOf(config, log, filesChanged);
    const daemon = await openDoors(config, heart, succeeding).then(
      ({ doors, inForce }) => new Daemon(config, heart, doors, inForce),
    );
    try {
      daemon.#admin = await Admin.open(config, daemon.operator, log, succeeding !== undefined);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  /** Where it listens for mail servers, with the ports that the kernel gave for port 0. */
  get endpoints(): readonly Endpoint[] {
    return this.#doors.server.endpoints;
  }

  /** Where the listeners of [admin] listen. */
  get adminEndpoints(): readonly Endpoint[] {
    return this.#admin?.endpoints ?? [];
  }

  /** All listeners that have a name in the file system, or wait for one. Those that mail servers ask come first. */
  get places(): readonly Listener[] {
    const { events } = this.#doors;
    const fronts = this.#servers.flatMap(({ listeners }) => listeners.all);
    const all = [...fronts, events?.listener, this.#admin?.control];
    return all.flatMap((each) => (each?.endpoint.kind === 'unix' ? each : []));
  }

  /** How many connections of mail servers are open. */
  get connections(): number {
    return this.#servers.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** Takes the addresses that another process has confirmed as witnesses to ask about. */
  learnAgain(witnesses: LearnedWitnesses): void {
    learnAgain(witnesses, this.#inForce.backchannels.cyrus, this.#heart.validator.addressRules);
  }

  /** Begins to take in what another process knows. */
  beginSnapshot(): Snapshot {
    return this.#heart.validator.beginSnapshot();
  }

  /** Listens on the ports of the process whose place we take. @throws UnavailableError, ConfigError */
  async openPorts(): Promise<void> {
    for (const { listeners } of this.#servers) await listeners.openPorts();
  }

  /** The listeners that mail servers ask. */
  get #servers(): readonly SocketmapServer[] {
    const { server, policy } = this.#doors;
    return policy === undefined ? [server] : [server, policy];
  }

  /** @param until the process whose place we took is done with what only one can do; until then nobody takes ours */
  alongside(older: OlderRelease | undefined, until: Promise<void>): void {
    this.#taking = { older };
    this.#settled = until.finally(() => (this.#taking = undefined));
    void this.#settled;
  }

  /** Resolves when nothing goes to the process any more whose place we took; at once where there was none. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** From now on everything comes to this process alone. @throws where HTTP cannot be opened */
  async settle(): Promise<void> {
    for (const place of this.places) place.settle();
    this.#doors.events?.proof.resume(now());
    this.#doors.fleet?.publish();
    await this.#admin?.openWeb();
  }

  async #handOver(request: TakeoverRequest): Promise<Handing> {
    if (this.#handing || this.#taking !== undefined)
      throw new UnavailableError('another process is just taking over, or has done so');
    const { cache, log, snapshots } = this.#heart;
    this.#handing = true;
    return HandOver.begin(request, {
      ...this.#doors,
      servers: this.#servers,
      cache,
      log,
      clocks: CLOCKS,
      places: this.places,
      retire: () => {
        this.#admin?.closeWeb();
        snapshots.close();
        void this.#serveTheLast();
      },
      changed: (state) => {
        this.#handing = state !== 'serving';
        this.onHandOver(state, request.pid);
      },
    }).catch((error: unknown) => {
      this.#handing = false;
      throw error;
    });
  }

  async #serveTheLast(): Promise<void> {
    await lastOnesServed(this.#servers, this.#started.socketmap.takeoverGraceMs, now);
    verbs.retired(this.#heart.log, { connections: this.connections });
    this.#retired();
  }

  /** Counters since the start, and sizes of now. */
  stats(): object {
    return statsOf({ ...this.#heart, ...this.#doors, backchannels: this.#inForce.backchannels });
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

  /** It still answers what it was asked. A reload does not wait for that, so that the log is rotated in time. */
  #retire(probe: Probe): void {
    this.#retiring.add(probe);
    void probe.drain().finally(() => this.#retiring.delete(probe));
  }

  /** Accepts no more, answers what is in flight within the grace, closes everything. */
  async stop(): Promise<void> {
    const { server, events, fleet, warmStart, beside, policy } = this.#doors;
    const { lookupLog, harvest, snapshots, hostClock, files } = this.#heart;
    const { config, backchannels } = this.#inForce;
    this.#taking?.older?.stop();
    this.#admin?.close();
    files.close();
    this.#loopDelay.close();
    harvest.end();
    const { shutdownGraceMs } = config.socketmap;
    await Promise.all([server.stop(shutdownGraceMs), policy?.stop(shutdownGraceMs), fleet?.retire()]);
    beside?.shadow.close();
    lookupLog.end();
    events?.close();
    fleet?.close();
    snapshots.close();
    await warmStart?.end();
    await Promise.all([...backchannels.probes, ...this.#retiring].map((probe) => probe.close()));
    hostClock.close();
  }
}

/** Whether there are events is decided at the start, since their socket is opened only then. */
function eventsOf(started: Config, config: Config): EventsConfig | undefined {
  if (started.events === undefined) return undefined;
  const { negativeTtlMs, backchannels, serverNames } = config.events ?? started.events;
  return { ...started.events, negativeTtlMs, backchannels, serverNames };
}
