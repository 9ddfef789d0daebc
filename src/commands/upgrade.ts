// `cyrusmapd upgrade`: the program that is installed takes over from the daemon that runs. As a service manager wants it: it ends
// when the new process serves alone, or says why that cannot be. Starts that process, or waits for one that was started.
import { controlOf } from '../daemon/admin.js';
import { Predecessor, type Running } from '../daemon/predecessor.js';
import { refuseWhatCannotPass } from '../daemon/takeover-checks.js';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { ConfigError, UnavailableError, UsageError } from '../errors.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { packageVersion, programFile } from '../package.js';
import { atMostOne } from './control.js';
import { EX_OK } from './exit-status.js';
import { reloadNow } from './reload.js';
import { Successor, untilItServes, type NewProcess } from './successor.js';
import { print } from './terminal.js';

export type UpgradeOptions = {
  readonly config?: string;
  readonly check?: boolean;
  readonly orReload?: boolean;
  /** A file with the pid of the new process, which somebody else starts. */
  readonly await?: string;
  /** In seconds. */
  readonly timeout: string;
};

/**
 * @returns the exit status
 * @throws ConfigError, UnavailableError saying why it cannot be, or why it failed: then the running daemon goes on
 */
export async function upgrade(options: UpgradeOptions): Promise<number> {
  atMostOne({ '--check': options.check, '--or-reload': options.orReload, '--await': options.await });
  const withinMs = millisecondsOf(options.timeout);
  const { config } = await loadConfig(options, completeFromCyrus);
  const control = controlOf(config);
  if (control === undefined)
    throw new ConfigError('the running daemon is asked over its control socket: admin.listen is not set');
  if (options.await !== undefined) {
    await untilItServes(control, { pidFile: options.await }, withinMs);
    return EX_OK;
  }
  const predecessor = await Predecessor.find(control);
  if (predecessor === undefined)
    throw new UnavailableError(`no daemon answers at ${formatEndpoint(control)}, to take over from`);
  const { running } = predecessor;
  if (options.orReload === true && isThis(running)) {
    const { status, needRestart } = await reloadNow(options);
    if (status !== EX_OK || needRestart.length === 0) return status;
    print(`takes over, for what a reload does not bring: ${needRestart.join(', ')}`);
  }
  refuse(config, running);
  if (options.check === true) return EX_OK;
  await takeOver(control, Successor.start(options.config, running.standing?.watchdog), withinMs, running);
  return EX_OK;
}

/** Whether the running daemon is this very program, on this very version of Node. */
function isThis({ version, node, standing }: Running): boolean {
  return version === packageVersion() && node === process.version && standing?.program === programFile();
}

/** An older release cannot be replaced so: its supervisor would start it again when it has ended. */
function refuse(config: Config, running: Running): void {
  const { version, pid, standing } = running;
  if (standing === undefined)
    throw new UnavailableError(
      `the running daemon, ${version}, pid ${pid}, is of a release before takeovers: restart it instead`,
    );
  refuseWhatCannotPass(config, running);
  if (standing.taking) throw new UnavailableError('another process has just taken over, and is not done yet');
}

async function takeOver(
  control: Extract<Endpoint, { kind: 'unix' }>,
  successor: Successor & NewProcess,
  withinMs: number,
  { pid, version }: Running,
): Promise<void> {
  try {
    await untilItServes(control, successor, withinMs);
  } catch (error) {
    await successor.stop();
    throw error;
  }
  successor.leave();
  print(
    `cyrusmapd ${packageVersion()}, pid ${successor.pid}, has taken over from ${version}, pid ${pid}, which serves its connections to their end`,
  );
}

function millisecondsOf(seconds: string): number {
  const value = Number(seconds);
  if (!(value >= 1 && value <= 3600))
    throw new UsageError(`--timeout is ${seconds}: must be 1 to 3600 seconds`);
  return value * 1000;
}
