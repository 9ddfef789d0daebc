// The built daemon under a supervisor, as rc(8) or systemd is one: started anew where it ended, whatever ended it. It can be stopped,
// killed, taken over, and made short of memory.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Serving } from '../integration/cyrusmapd-process.js';

const run = promisify(execFile);
const RESTART_MS = 50;
const POLL_MS = 5;

export class KeptDaemon {
  readonly #config: string;
  readonly #within: readonly string[];
  readonly #path: string;
  readonly #all = new Set<Serving>();
  #current: Serving;
  #ended = false;
  /** Where nobody wanted it: by want of memory, or by a bug. */
  readonly exits: string[] = [];
  readonly #wanted = new Set<Serving>();
  #taking: Serving | undefined;

  private constructor(config: string, path: string, within: readonly string[]) {
    this.#config = config;
    this.#path = path;
    this.#within = within;
    this.#current = this.#begin();
  }

  /** @param path of the socket where it listens */
  static async start(config: string, path: string, within: readonly string[]): Promise<KeptDaemon> {
    const daemon = new KeptDaemon(config, path, within);
    await daemon.listening();
    return daemon;
  }

  async listening(): Promise<void> {
    while (!(await accepts(this.#path))) await sleep(POLL_MS);
  }

  signal(signal: NodeJS.Signals): void {
    this.#current.child.kill(signal);
  }

  /** Ends by this signal, and is there again when this resolves. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const old = this.#current;
    this.#wanted.add(old);
    await old.stop(signal);
    while (this.#current === old) await sleep(POLL_MS);
    await this.listening();
  }

  /** Another process takes its sockets; where it cannot, the old one goes on. @returns whether it did */
  async takeOver(): Promise<boolean> {
    const before = placeOf(this.#path);
    const next = this.#begin('--takeover');
    this.#taking = next;
    let ended = false;
    void next.ended.then(() => (ended = true));
    // Its socket is renamed into the place of the old one's.
    while (!ended && placeOf(this.#path) === before) await sleep(POLL_MS);
    this.#taking = undefined;
    if (ended) return false;
    this.#wanted.add(this.#current);
    this.#current = next;
    return true;
  }

  /** Half of the memory that it has, so that it gets no more; or as much as there is. */
  async limitMemory(limit: 'half' | 'none'): Promise<void> {
    const pid = String(this.#current.child.pid);
    if (limit === 'none') {
      await run('prlimit', ['--pid', pid, '--data=unlimited']).catch(() => undefined);
      return;
    }
    const { stdout } = await run('sh', ['-c', `awk '/^VmData/ { print $2 }' /proc/${pid}/status`]);
    await run('prlimit', ['--pid', pid, `--data=${String(Number(stdout) * 512)}:unlimited`]);
  }

  async stop(): Promise<void> {
    this.#ended = true;
    for (const serving of this.#all) {
      serving.child.kill('SIGCONT');
      await serving.stop('SIGKILL');
    }
  }

  #begin(...flags: string[]): Serving {
    const serving = new Serving(['--config', this.#config, ...flags], process.env, this.#within);
    this.#all.add(serving);
    void serving.ended.then((status) => this.#after(serving, status));
    return serving;
  }

  async #after(serving: Serving, status: number | null): Promise<void> {
    this.#all.delete(serving);
    if (this.#ended || this.#taking === serving) return;
    if (!this.#wanted.has(serving)) {
      this.exits.push(`${status ?? serving.child.signalCode ?? ''} ${serving.stderr.slice(0, 400)}`);
    }
    if (this.#current !== serving) return;
    await sleep(RESTART_MS);
    if (!this.#ended) this.#current = this.#begin();
  }
}

function placeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
