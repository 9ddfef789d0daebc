// The daemon as a process of its own, as it is installed: `node dist/cyrusmapd.js serve`. It is there when all its
// listeners have said `listening`; its log is on standard error.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LogLines } from './log-lines.js';

const MAIN = fileURLToPath(new URL('../../dist/cyrusmapd.js', import.meta.url));

export interface DaemonOptions {
  /** Endpoints; port 0 is a free one. */
  readonly listen: readonly string[];
  /** More flags of `serve`. */
  readonly flags?: readonly string[];
  /** The text of a configuration file. */
  readonly config?: string;
  /** What it is started by, such as `nsenter`. */
  readonly within?: readonly string[];
}

export class DaemonProcess {
  readonly #process: ChildProcess;
  readonly #lines: LogLines;
  readonly #folder: string;
  readonly #exited: Promise<number | null>;

  private constructor(process: ChildProcess, lines: LogLines, folder: string) {
    this.#process = process;
    this.#lines = lines;
    this.#folder = folder;
    this.#exited = new Promise((resolve) => process.once('exit', resolve));
  }

  static async start({ listen, flags = [], config, within = [] }: DaemonOptions): Promise<DaemonProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'cyrusmapd-'));
    const file = join(folder, 'cyrusmapd.toml');
    if (config !== undefined) await writeFile(file, config);
    const args = [
      ...listen.flatMap((endpoint) => ['--listen', endpoint]),
      ...(config === undefined ? [] : ['--config', file]),
      ...flags,
    ];
    const [program = process.execPath, ...before] = [...within, process.execPath, MAIN];
    const child = spawn(program, [...before, 'serve', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = new LogLines();
    child.stderr.on('data', (chunk: Buffer) => lines.feed(chunk.toString()));
    child.stderr.on('close', () => lines.end());
    const daemon = new DaemonProcess(child, lines, folder);
    try {
      await lines.find(/"event":"listening"/, listen.length);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  /** What it listens on, in the order of the log, each with the port that it got. */
  get endpoints(): string[] {
    return this.#lines
      .all(/"event":"listening"/)
      .map((line) => /"endpoint":"([^"]*)"/.exec(line)?.[1] ?? `no endpoint in ${line}`);
  }

  /** Its lines that match, JSON as they are. */
  log(pattern = /./): string[] {
    return this.#lines.all(pattern);
  }

  /** Waits until a line matches, or `count` lines do. */
  logged(pattern: RegExp, count?: number): Promise<string> {
    return this.#lines.find(pattern, count);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it as a service script does; its exit status, `null` where a signal ended it. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGCONT');
      this.#process.kill('SIGTERM');
    }
    const status = await this.#exited;
    await rm(this.#folder, { recursive: true, force: true });
    return status;
  }
}
