// `cyrusmapd serve`: the daemon in the foreground, from the configuration to the last signal. SIGTERM and SIGINT
// drain, SIGHUP reloads, SIGUSR2 logs the counters. An error that nobody caught ends the process, since nobody knows what still
// works after it.
import type { Config } from '../config/config.js';
import type { Flags } from '../config/flags.js';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import { loadConfig } from '../config/load.js';
import type { ReloadReport } from '../admin/operations.js';
import { Daemon } from '../daemon/daemon.js';
import { changedKeys } from '../daemon/restart-keys.js';
import { messageOf } from '../errors.js';
import { createLog, type LogHandle } from '../log/log.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { DemoFolder } from './demo.js';
import { EX_OK, EX_SOFTWARE } from './exit-status.js';
import { serviceNotify } from './service-notify.js';
import { StopSignals } from './stop-signals.js';
import { print } from './terminal.js';
import * as verbs from '../log/verbs/daemon.js';
import { stopDeferred } from '../log/verbs/takeover.js';
import { packageVersion } from '../package.js';

type Running = {
  readonly daemon: Daemon;
  readonly logs: LogHandle;
  readonly started: Config;
  config: Config;
};

/**
 * @returns the exit status after a drained stop
 * @throws ConfigError, or UnavailableError where a listener cannot be opened
 */
export async function serve(flags: Flags): Promise<number> {
  const signals = new StopSignals((signal) => {
    if (running !== undefined)
      stopDeferred(running.logs.log, { signal, connections: running.daemon.connections });
  });
  const hangups = new Hangups();
  let running: Running | undefined;
  // Without a handler the signal would end the process, so there is one even while there is nothing to count yet.
  process.on('SIGUSR2', () => running && logStats(running));
  const demo = flags.demo === true ? await import('./demo.js') : undefined;
  const folder = demo !== undefined && flags.listen === undefined ? new demo.DemoFolder() : undefined;
  process.once('exit', () => folder?.remove());
  const config = await load(flags, folder);
  const logs = await createLog(config.log);
  endAtFaults(logs);
  const daemon = await start(config, logs, flags, () => hangups.add());
  const serving = { daemon, logs, started: config, config };
  running = serving;
  const reloading = (): Promise<ReloadReport> => reload(serving, flags, folder);
  hangups.handle(reloading);
  daemon.operator.reloader = () => hangups.soon(reloading);
  const service = serviceNotify();
  let handedTo = Promise.resolve();
  daemon.onHandOver = (state, successor) => {
    signals.handing = state !== 'serving' && !service.there;
    if (state === 'retired') handedTo = service.handTo(successor);
  };
  // Not earlier: if this process ended in between, systemd would take that for the end of the service.
  void daemon.settled.then(() => service.ready(listening(daemon)));
  if (demo !== undefined) print(demo.demoText(daemon.endpoints, process.pid));
  const signal = await Promise.race([signals.stop, daemon.retired]);
  void service.stopping();
  await drain(serving, signal);
  await handedTo;
  return EX_OK;
}

function listening({ endpoints }: Daemon): string {
  return endpoints.map(formatEndpoint).join(' ');
}

async function load(flags: Flags, folder: DemoFolder | undefined, former?: Config): Promise<Config> {
  // An imapd.conf that was found and could not be read is not followed.
  const { imapdConf, files = [] } = former?.host ?? {};
  const followed = files.length > 0 ? imapdConf : undefined;
  const { config } = await loadConfig(flags, (table) => completeFromCyrus(table, undefined, followed));
  if (folder === undefined) return config;
  const { socketmap } = config;
  return { ...config, socketmap: { ...socketmap, listen: [...socketmap.listen, folder.endpoint] } };
}

async function start(
  config: Config,
  { log, flush }: LogHandle,
  { takeover = false }: Flags,
  filesChanged: () => void,
): Promise<Daemon> {
  verbs.starting(log, { ...identity(config), pid: process.pid });
  try {
    if (!takeover) return await Daemon.start(config, log, filesChanged);
    return await (await import('../daemon/takeover.js')).takeOver(config, log, filesChanged);
  } catch (error) {
    verbs.notStarted(log, { reason: messageOf(error) });
    await flush();
    throw error;
  }
}

/** A file that cannot be used changes nothing; but the log is opened anew all the same, since it may have been rotated. */
async function reload(running: Running, flags: Flags, folder: DemoFolder | undefined): Promise<ReloadReport> {
  const { daemon, logs } = running;
  const { file = 'built-in' } = running.config;
  try {
    const next = await load(flags, folder, running.config);
    await daemon.reload(next);
    const keys = changedKeys(running.started, running.config, next);
    running.config = next;
    logs.reopen(next.log);
    verbs.reloaded(logs.log, { config: file, ...keys });
    return { config: file, ...keys };
  } catch (error) {
    logs.reopen(running.config.log);
    const refused = messageOf(error);
    verbs.reloadRefused(logs.log, { reason: refused.replaceAll('\n', '; ') });
    return { refused, config: file, changed: [], needRestart: [] };
  }
}

function logStats({ daemon, logs, config }: Running): void {
  verbs.stats(logs.log, { ...identity(config), ...daemon.stats() });
}

/** What is running here: for readers who have nothing but the log. */
function identity({ file }: Config): { version: string; node: string; config: string } {
  return { version: packageVersion(), node: process.version, config: file ?? 'built-in' };
}

async function drain(running: Running, signal: NodeJS.Signals | void): Promise<void> {
  const { daemon, logs } = running;
  if (signal !== undefined) verbs.stopping(logs.log, { signal });
  await daemon.stop();
  logStats(running);
  verbs.stopped(logs.log, {});
  await logs.flush();
}

/** Reloads, asked by SIGHUP or over the control socket, one after the other. */
class Hangups {
  #handler: (() => Promise<ReloadReport>) | undefined;
  /** Whether it was asked for while the daemon was starting, which may have read the files before they were changed. */
  #missed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    process.on('SIGHUP', () => this.add());
  }

  /** Asks for a reload, as SIGHUP does. While the daemon is starting, there is one as soon as it has started. */
  add(): void {
    if (this.#handler === undefined) this.#missed = true;
    else void this.soon(this.#handler);
  }

  /** @param handler never rejects */
  handle(handler: () => Promise<ReloadReport>): void {
    this.#handler = handler;
    if (this.#missed) void this.soon(handler);
  }

  soon(handler: () => Promise<ReloadReport>): Promise<ReloadReport> {
    const done = this.#last.then(handler);
    this.#last = done;
    return done;
  }
}

function endAtFaults({ log, flush }: LogHandle): void {
  const end = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    verbs.fault(log, { reason: messageOf(error), stack });
    void flush().then(() => process.exit(EX_SOFTWARE));
  };
  // This also catches a rejection that nobody handled: Node throws it.
  process.on('uncaughtException', end);
}
