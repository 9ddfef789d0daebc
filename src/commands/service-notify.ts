// Tells systemd how the service is (sd_notify(3)): ready, still alive, stopping, and which process it is. By systemd-notify(1),
// since the runtime has no datagram sockets for UNIX paths; outside of systemd it does nothing. Starts that program.

/** The variables of the environment that systemd sets: see sd_notify(3) and sd_watchdog_enabled(3). */
export type ServiceEnvironment = {
  readonly NOTIFY_SOCKET?: string | undefined;
  /** Microseconds within which systemd wants a sign of life. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** The process from which systemd wants them. */
  readonly WATCHDOG_PID?: string | undefined;
};

export type ServiceParts = {
  readonly environment: ServiceEnvironment;
  readonly pid: number;
  /** Runs `systemd-notify` with these arguments. Resolves when systemd has read what it said; never rejects. */
  readonly run: (args: readonly string[]) => Promise<void>;
};

/** systemd ends the service when it hears nothing for one period: so it is told twice in each period. */
const SIGNS_IN_A_PERIOD = 2;

export class ServiceNotify {
  readonly #parts: ServiceParts;
  /** Whether there is a systemd to be told. */
  readonly there: boolean;
  #timer: NodeJS.Timeout | undefined;
  #silent = false;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.there = (parts.environment.NOTIFY_SOCKET ?? '') !== '';
  }

  /**
   * Tells that this process listens and is the main process of the service. From now on it gives signs of life, where systemd
   * wants any: an event loop that stands still gives none.
   */
  ready(status: string): void {
    void this.#tell(mainProcess(this.#parts.pid), '--ready', `--status=${status}`);
    const periodMs = this.#watchdogMs();
    if (this.#silent || periodMs === undefined) return;
    // It names no pid: if it arrived late, after a takeover, it would make this process the main one again.
    const sign = (): void => void this.#tell('WATCHDOG=1');
    this.#timer = setInterval(sign, periodMs / SIGNS_IN_A_PERIOD).unref();
  }

  /**
   * Tells that another process is the main one from now on. Before systemd knows that, this process must not end, since systemd
   * would take its end for the end of the service.
   */
  async handTo(pid: number): Promise<void> {
    const told = this.#tell(mainProcess(pid));
    this.#fallSilent();
    await told;
  }

  async stopping(): Promise<void> {
    const told = this.#tell('STOPPING=1');
    this.#fallSilent();
    await told;
  }

  #fallSilent(): void {
    clearInterval(this.#timer);
    this.#silent = true;
  }

  #watchdogMs(): number | undefined {
    const { WATCHDOG_USEC: period, WATCHDOG_PID: pid } = this.#parts.environment;
    if (!this.there || (pid !== undefined && pid !== String(this.#parts.pid))) return undefined;
    const periodMs = Number(period) / 1000;
    return periodMs >= 1 ? periodMs : undefined;
  }

  async #tell(...args: readonly string[]): Promise<void> {
    if (this.there && !this.#silent) await this.#parts.run(args);
  }
}

function mainProcess(pid: number): string {
  return `--pid=${pid}`;
}

/** For this process and its environment. */
export function serviceNotify(): ServiceNotify {
  const run = async (args: readonly string[]): Promise<void> => {
    const { spawn } = await import('node:child_process');
    // Where that program is missing, systemd will say that the service did not become ready; we can do nothing about it.
    await new Promise<void>((resolve) => {
      const program = spawn('systemd-notify', args, { stdio: 'ignore' });
      program.on('error', () => resolve());
      program.on('exit', () => resolve());
    });
  };
  return new ServiceNotify({ environment: process.env, pid: process.pid, run });
}
