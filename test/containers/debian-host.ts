// A Debian mail host whose first process is systemd, in a container: commands in it, and its SMTP and IMAP ports. By docker(1),
// since testcontainers cannot choose the control group that systemd needs.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 200;
const OUTPUT_MAX_BYTES = 16 * 1_048_576;

/** Where the kernel has both versions, systemd of today wants the second. */
const CONTROL_GROUPS = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';

export class DebianHost {
  readonly #id: string;

  private constructor(id: string) {
    this.#id = id;
  }

  static async start(suite: string): Promise<DebianHost> {
    const unconfined = ['--security-opt', 'apparmor=unconfined', '--security-opt', 'seccomp=unconfined'];
    const groups = ['--cgroupns=host', '--volume', `${CONTROL_GROUPS}:/sys/fs/cgroup:rw`];
    const ports = ['--publish', '127.0.0.1::25', '--publish', '127.0.0.1::143'];
    const folders = ['--tmpfs', '/run:exec', '--tmpfs', '/tmp'];
    const options = ['--detach', '--cap-add', 'SYS_ADMIN', ...unconfined, ...groups, ...ports, ...folders];
    const id = await docker('run', ...options, `cyrusmapd/mailhost:${suite}`);
    const host = new DebianHost(id);
    await host.#running();
    return host;
  }

  /** Runs a script as root, which ends at its first error, in /root. @returns what it prints. @throws where it fails */
  async run(script: string): Promise<string> {
    return docker('exec', '--workdir', '/root', this.#id, 'bash', '-euc', script);
  }

  /** @returns the exit status of a command */
  async status(command: string): Promise<number> {
    return Number(await this.run(`code=0; { ${command}; } >/dev/null 2>&1 || code=$?; echo $code`));
  }

  /** @param into a folder of the host */
  async copy(file: string, into: string): Promise<void> {
    await docker('cp', file, `${this.#id}:${into}`);
  }

  /** Of this machine, for a port of the host. */
  async port(inside: number): Promise<number> {
    const line = await docker('port', this.#id, `${inside}/tcp`);
    return Number(/:(\d+)$/m.exec(line)?.[1]);
  }

  async stop(): Promise<void> {
    await docker('rm', '--force', '--volumes', this.#id);
  }

  async #running(): Promise<void> {
    const until = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const state = await docker('exec', this.#id, 'sh', '-c', 'systemctl is-system-running || true').catch(
        String,
      );
      if (/^(running|degraded)/m.test(state)) return;
      if (Date.now() > until)
        throw new Error(`systemd is not running: ${state}\n${await docker('logs', this.#id)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute('docker', args, { maxBuffer: OUTPUT_MAX_BYTES });
  return stdout.trim();
}
