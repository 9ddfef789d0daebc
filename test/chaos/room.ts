// A view of the file system of its own for the daemon: a small disk that can be full or read-only, and its own /etc/hosts and
// /etc/resolv.conf. All of it is gone with the process that holds it. As root on Linux only.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DISK = '16m';
const MILLISECOND = 1_000_000n;
const KNOWN_HOSTS = '127.0.0.1 localhost lmtp.chaos.test\n';

export class Room {
  readonly #holder: ChildProcess;
  readonly #folder: string;
  /** What a program is to be started by, so that it lives in this room, with a clock that can be set. */
  readonly within: readonly string[];

  private constructor(holder: ChildProcess, folder: string, clock: readonly string[]) {
    this.#holder = holder;
    this.#folder = folder;
    this.within = ['nsenter', '-t', String(holder.pid), '-m', '--', ...clock];
  }

  static async open(folder: string): Promise<Room> {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    writeFileSync(join(folder, 'hosts'), KNOWN_HOSTS);
    writeFileSync(join(folder, 'resolv.conf'), '');
    writeFileSync(join(folder, 'clock'), Buffer.alloc(8));
    const script = [
      `mount -t tmpfs -o size=${DISK} chaos ${disk}`,
      `mount --bind ${folder}/hosts /etc/hosts`,
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      'echo ready',
      'exec cat',
    ].join(' && ');
    // Its standard input is ours: it ends when this process does.
    const holder = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => Promise.reject(new Error('no mount namespace: needs root on Linux'))),
    ]);
    return new Room(holder, folder, await shiftable(folder));
  }

  get disk(): string {
    return join(this.#folder, 'disk');
  }

  read(name: string): string {
    return readFileSync(`/proc/${String(this.#holder.pid)}/root${this.disk}/${name}`, 'utf8');
  }

  async fillDisk(): Promise<void> {
    await this.#run('sh', '-c', `cat /dev/zero >${this.disk}/full 2>/dev/null || true`);
  }

  async emptyDisk(): Promise<void> {
    await this.#run('rm', '-f', `${this.disk}/full`);
  }

  /** A file that is open for writing keeps a disk from it: so it is read-only for whoever opens a file anew, by a mount above it. */
  async setDisk(mode: 'ro' | 'rw'): Promise<void> {
    const { disk } = this;
    if (mode === 'rw') await this.#run('umount', '-l', disk);
    else await this.#run('sh', '-c', `mount --bind ${disk} ${disk} && mount -o remount,bind,ro ${disk}`);
  }

  /** @param resolver nobody, who refuses at once, or one that never answers */
  loseNames(resolver: 'refuses' | 'silent'): void {
    writeFileSync(join(this.#folder, 'hosts'), '127.0.0.1 localhost\n');
    const server = resolver === 'refuses' ? '127.0.0.53' : '192.0.2.1';
    writeFileSync(join(this.#folder, 'resolv.conf'), `nameserver ${server}\n`);
  }

  findNames(): void {
    writeFileSync(join(this.#folder, 'resolv.conf'), '');
    writeFileSync(join(this.#folder, 'hosts'), KNOWN_HOSTS);
  }

  /** The daemon's time of day, against that of the machine. */
  setClock(shiftMs: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(shiftMs) * MILLISECOND);
    const file = openSync(join(this.#folder, 'clock'), 'r+');
    writeSync(file, bytes, 0, 8, 0);
    closeSync(file);
  }

  async close(): Promise<void> {
    const exit = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await exit;
  }

  async #run(...command: string[]): Promise<void> {
    await run('nsenter', ['-t', String(this.#holder.pid), '-m', '--', ...command]);
  }
}

/** @throws where there is no C compiler */
async function shiftable(folder: string): Promise<string[]> {
  const library = join(folder, 'clock-shift.so');
  const source = fileURLToPath(new URL('clock-shift.c', import.meta.url));
  await run('cc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  return ['env', `LD_PRELOAD=${library}`, `CLOCK_SHIFT=${join(folder, 'clock')}`];
}
