// A small FreeBSD in a folder: rc.d/cyrusmapd with its four system paths turned to it, our doubles of rc.subr(8)
// and daemon(8) in test/rc, and the built program installed as npm does it. As root, the service runs as nobody.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from './cyrusmapd-process.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Below the time of a test, so that it can say what it waited for. */
const PATIENCE_MS = 20_000;

/** Found out once: it takes a start of the program. */
let nobodyCanRun: boolean | undefined;

export class RcHost {
  readonly #shell: readonly string[];
  readonly #daemonVersion: string;
  readonly root = mkdtempSync(join(tmpdir(), 'rc-'));
  readonly #script = join(this.root, 'etc/rc.d/cyrusmapd');
  readonly #run = join(this.root, 'var/run/cyrusmapd');
  readonly logfile = join(this.root, 'var/log/cyrusmapd.log');
  readonly config = join(this.root, 'usr/local/etc/cyrusmapd.toml');
  readonly list = join(this.root, 'usr/local/etc/mailboxes');
  readonly supervisorPidfile = join(this.#run, 'supervisor.pid');
  readonly childPidfile = join(this.#run, 'cyrusmapd.pid');
  readonly server = `unix:${this.#run}/socketmap`;
  readonly control = `unix:${this.#run}/control`;
  readonly user: string;
  readonly group: string;

  /**
   * @param shell who runs the script, such as `busybox ash`
   * @param daemonVersion whose daemon(8) it is: see test/rc/daemon.mjs
   */
  constructor(shell: string, daemonVersion = '13') {
    this.#daemonVersion = daemonVersion;
    this.#shell = shell.split(' ');
    chmodSync(this.root, 0o755);
    for (const folder of ['etc/rc.d', 'sbin', 'var/log', 'var/run', 'usr/local/etc', 'usr/local/bin']) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    chmodSync(join(this.root, 'var/log'), 0o777);
    this.#install();
    nobodyCanRun ??= userInfo().uid === 0 && this.#runsAs('nobody');
    this.user = nobodyCanRun ? 'nobody' : userInfo().username;
    this.group = spawnSync('id', ['-gn', this.user]).stdout.toString().trim();
    this.writeRcConf({});
    this.writeList('alice@example.jp');
    this.writeConfig('');
  }

  /** Runs the script as service(8) does: with an empty environment. */
  async service(command: string): Promise<Result> {
    const [shell = 'sh', ...args] = [...this.#shell, this.#script, command];
    const child = spawn(shell, args, {
      // `su -m` runs the caller's shell: FreeBSD's takes it from passwd(5), that of Linux from SHELL.
      env: {
        PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
        SHELL: '/bin/sh',
        RC_CONF: join(this.root, 'etc/rc.conf'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, ...output };
  }

  writeRcConf(variables: { readonly [name: string]: string }): void {
    const all = {
      cyrusmapd_enable: 'YES',
      cyrusmapd_user: this.user,
      cyrusmapd_group: this.group,
      ...variables,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`);
    writeFileSync(join(this.root, 'etc/rc.conf'), lines.join(''));
  }

  writeList(...mailboxes: string[]): void {
    writeFileSync(this.list, mailboxes.map((mailbox) => `${mailbox}\n`).join(''));
  }

  /** @param more goes before the tables */
  writeConfig(more: string, endpoint = this.server): void {
    const listen = `[socketmap]\nlisten = ["${endpoint}"]\n`;
    const admin = `[admin]\nlisten = "${this.control}"\n`;
    writeFileSync(
      this.config,
      `${more}${listen}${admin}[backchannel.names]\ntype = "list"\nfile = "${this.list}"\n`,
    );
  }

  pidIn(file: string): number | undefined {
    try {
      return Number(readFileSync(file, 'latin1')) || undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws where the file names no process: pid 0 would be our own process group */
  kill(file: string, signal: NodeJS.Signals): number {
    const pid = this.pidIn(file);
    if (pid === undefined || pid === process.pid) throw new Error(`${file} names no process to signal`);
    process.kill(pid, signal);
    return pid;
  }

  /** Log lines with this verb. */
  said(verb: string, file = this.logfile): number {
    try {
      return readFileSync(file, 'utf8').split(`"event":"${verb}`).length - 1;
    } catch {
      return 0;
    }
  }

  wrote(text: string, file = this.logfile): boolean {
    try {
      return readFileSync(file, 'utf8').includes(text);
    } catch {
      return false;
    }
  }

  /** Resolves when the condition holds; it is looked at again at each change of pid files and logs. */
  async until(condition: () => boolean): Promise<void> {
    const over = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        const look = (): void => void (condition() && resolve());
        for (const folder of [this.#run, dirname(this.logfile)]) {
          watch(folder, { signal: over.signal }, look);
        }
        const tooLate = AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE_MS)]);
        tooLate.addEventListener('abort', () =>
          reject(new Error(`waited in vain; the log has: ${this.#log()}`)),
        );
        look();
      });
    } finally {
      over.abort();
    }
  }

  /** Starts, and waits until it answers. */
  async start(): Promise<Result> {
    const before = this.said('listening');
    const result = await this.service('start');
    if (result.status === 0) await this.until(() => this.said('listening') > before);
    return result;
  }

  remove(): void {
    for (const file of [this.supervisorPidfile, this.childPidfile]) {
      try {
        this.kill(file, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    rmSync(this.root, { recursive: true, force: true });
  }

  #log(): string {
    return existsSync(this.logfile) ? readFileSync(this.logfile, 'utf8').slice(-2000) : 'nothing';
  }

  #install(): void {
    const text = readFileSync(join(PROJECT, 'rc.d/cyrusmapd'), 'utf8')
      .replaceAll('/etc/rc.subr', join(PROJECT, 'test/rc/rc.subr'))
      .replaceAll('/usr/sbin/daemon', `${this.root}/sbin/daemon`)
      .replaceAll('/var/', `${this.root}/var/`)
      .replaceAll('/usr/local/', `${this.root}/usr/local/`);
    writeFileSync(this.#script, text);
    const daemon = `#!/bin/sh\nDAEMON_DOUBLE_VERSION=${this.#daemonVersion} exec ${process.execPath} ${PROJECT}test/rc/daemon.mjs "$@"\n`;
    writeFileSync(join(this.root, 'sbin/daemon'), daemon, { mode: 0o755 });

    const local = join(this.root, 'usr/local');
    const module = join(local, 'lib/node_modules/cyrusmapd');
    cpSync(join(PROJECT, 'dist/cyrusmapd.js'), join(module, 'dist/cyrusmapd.js'));
    cpSync(join(PROJECT, 'package.json'), join(module, 'package.json'));
    symlinkSync(join(module, 'dist/cyrusmapd.js'), join(local, 'bin/cyrusmapd'));
    symlinkSync(process.execPath, join(local, 'bin/node'));
  }

  /** From now on the program takes two seconds until it begins, as on a machine that does much else. */
  startSlowly(): void {
    const program = join(this.root, 'usr/local/bin/cyrusmapd');
    const real = realpathSync(program);
    rmSync(program);
    writeFileSync(program, `#!/bin/sh\n[ "$1" != serve ] || sleep 2\nexec ${real} "$@"\n`, { mode: 0o755 });
  }

  /** A checkout below /root cannot be read by others. */
  #runsAs(user: string): boolean {
    const command = `${process.execPath} ${this.root}/usr/local/bin/cyrusmapd --version`;
    const env = { ...process.env, SHELL: '/bin/sh' };
    return spawnSync('su', ['-m', user, '-c', command], { stdio: 'ignore', env }).status === 0;
  }
}
