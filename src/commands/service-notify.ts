// Tells systemd how the service is (sd_notify(3)): ready, still alive, stopping. By systemd-notify(1), since the runtime has no
// datagram sockets for UNIX paths; outside of systemd it does nothing. Starts that program.

/** Of the environment: see sd_notify(3) and sd_watchdog_enabled(3). */
export type ServiceEnvironment = {
  readonly NOTIFY_SOCKET?: string | undefined;
  /** Microseconds within which systemd wants a sign of life. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** For whom that is meant. */
  readonly WATCHDOG_PID?: string | undefined;
};

export type ServiceParts = {
  readonly environment: ServiceEnvironment;
  readonly pid: number;
  /** Runs `systemd-notify` with these arguments, and never fails. */
  readonly run: (args: readonly string[]) => void;
};

/** systemd ends the service where it hears nothing for one period: so it is told twice in each. */
const SIGNS_IN_A_PERIOD = 2;

export class ServiceNotify {
  readonly #parts: ServiceParts;
  /** Whether systemd is told. */
  readonly there: boolean;
  #timer: NodeJS.Timeout | undefined;
  #silent = false;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.there = (parts.environment.NOTIFY_SOCKET ?? '') !== '';
  }

  /** It listens. From now on it gives signs of life, where systemd wants any: a loop that stands still gives none. */
  ready(status: string): void {
    this.#silent = false;
    this.#tell('--ready', `--status=${status}`);
    const periodMs = this.#watchdogMs();
    if (periodMs === undefined) return;
    this.#timer = setInterval(() => this.#tell('WATCHDOG=1'), periodMs / SIGNS_IN_A_PERIOD).unref();
  }

  /** Another process tells from now on: whatever came from here would make this one the main one again. */
  silence(): void {
    clearInterval(this.#timer);
    this.#silent = true;
  }

  stopping(): void {
    clearInterval(this.#timer);
    this.#tell('STOPPING=1');
  }

  #watchdogMs(): number | undefined {
    const { WATCHDOG_USEC: period, WATCHDOG_PID: pid } = this.#parts.environment;
    if (!this.there || (pid !== undefined && pid !== String(this.#parts.pid))) return undefined;
    const periodMs = Number(period) / 1000;
    return periodMs >= 1 ? periodMs : undefined;
  }

  #tell(...args: readonly string[]): void {
    if (this.there && !this.#silent) this.#parts.run([`--pid=${this.#parts.pid}`, ...args]);
  }
}

/** For this process. */
export function serviceNotify(): ServiceNotify {
  const run = (args: readonly string[]): void => {
    // Where that program is missing systemd will say that the service did not become ready; nothing else can be done.
    void import('node:child_process').then(({ spawn }) =>
      spawn('systemd-notify', args, { stdio: 'ignore' }).on('error', () => undefined),
    );
  };
  return new ServiceNotify({ environment: process.env, pid: process.pid, run });
}
