// A network namespace of its own for a daemon, beside the containers: its way to them can be dropped and reset by iptables, as that
// of another machine. It is gone with the process that holds it, which ends when this one does. As root on Linux only.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Which way nothing passes. */
export type Way = 'out' | 'in' | 'both';

const CHAINS: Readonly<Record<Way, readonly string[]>> = {
  out: ['OUTPUT'],
  in: ['INPUT'],
  both: ['OUTPUT', 'INPUT'],
};

export class OwnNetwork {
  readonly #holder: ChildProcess;
  /** What a program is to be started by, so that it lives in there. */
  readonly within: readonly string[];
  /** This machine, as it is seen from there. */
  readonly host: string;

  private constructor(holder: ChildProcess, host: string) {
    this.#holder = holder;
    this.within = ['nsenter', `--net=/proc/${String(holder.pid)}/ns/net`, '--'];
    this.host = host;
  }

  /** @param neighbour the address of a container on the bridge that it is to stand on */
  static async open(neighbour: string): Promise<OwnNetwork> {
    const { stdout } = await run('ip', ['-4', 'route', 'get', neighbour]);
    const [, bridge, host] = / dev (\S+) .*src (\S+)/.exec(stdout) ?? [];
    if (bridge === undefined || host === undefined) throw new Error(`no bridge to ${neighbour}: ${stdout}`);
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => Promise.reject(new Error('no network namespace: needs root on Linux'))),
    ]);
    const network = new OwnNetwork(holder, host);
    await network.#join(bridge);
    return network;
  }

  /** Nothing passes, and nobody is told. */
  async drop(way: Way = 'both'): Promise<void> {
    await this.#filter(CHAINS[way].map((chain) => `-A ${chain} -p tcp -j DROP`));
  }

  /** Each end is told that there is no such connection, at its next packet, and that there will be none. */
  async reset(): Promise<void> {
    await this.#filter(CHAINS.both.map((chain) => `-A ${chain} -p tcp -j REJECT --reject-with tcp-reset`));
  }

  async heal(): Promise<void> {
    await this.#filter([]);
  }

  async close(): Promise<void> {
    const exit = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await exit;
  }

  /** All rules at once, in the place of those before. */
  async #filter(rules: readonly string[]): Promise<void> {
    const table = ['*filter', ...CHAINS.both.map((chain) => `-F ${chain}`), ...rules, 'COMMIT', ''].join(
      '\n',
    );
    await this.#inside('sh', '-c', 'printf "%s" "$1" | iptables-restore --noflush --wait', '-', table);
  }

  async #join(bridge: string): Promise<void> {
    const id = randomBytes(3);
    const name = `fleet${id.toString('hex')}`;
    // Docker gives addresses from the beginning of its network.
    const [a, b] = this.host.split('.');
    const address = `${a}.${b}.${200 + ((id[0] ?? 0) % 50)}.${1 + ((id[1] ?? 0) % 250)}/16`;
    const pid = String(this.#holder.pid);
    await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid]);
    await run('ip', ['link', 'set', name, 'master', bridge, 'up']);
    await this.#inside(
      'sh',
      '-c',
      `ip link set lo up && ip addr add ${address} dev eth0 && ip link set eth0 up`,
    );
  }

  async #inside(...command: string[]): Promise<void> {
    const [enter = '', ...rest] = this.within;
    await run(enter, [...rest, ...command]);
  }
}
