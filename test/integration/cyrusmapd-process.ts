// Runs the built `cyrusmapd` as a process of its own, and reads what it says.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/cyrusmapd.js', import.meta.url));

export type Result = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command to its end. */
export async function run(...args: string[]): Promise<Result> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...output };
}

export type LogLine = { readonly level: string; readonly event: string; readonly [field: string]: unknown };

/** A `cyrusmapd serve` whose log is read from standard error. */
export class Serving {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  stdout = '';
  stderr = '';
  #rest = '';
  #wake: () => void = () => undefined;
  readonly ended: Promise<number | null>;

  /** @param within programs and their arguments, each of which runs what follows it */
  constructor(
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
    within: readonly string[] = [],
    main = MAIN,
  ) {
    const [program = '', ...all] = [...within, process.execPath, main, 'serve', ...args];
    const child = spawn(program, all, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    this.child = child;
    this.ended = once(child, 'close').then(([status]) => status as number | null);
    child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#wake();
    });
    child.stderr.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
    child.on('close', () => this.#wake());
  }

  /** Resolves with the log line that has this verb, the nth of them; rejects where the process ended before. */
  async said(verb: string, nth = 1): Promise<LogLine> {
    for (;;) {
      const line = this.lines.filter(({ event }) => event === verb)[nth - 1];
      if (line !== undefined) return line;
      if (this.child.exitCode !== null) throw new Error(`ended before "${verb}": ${this.stderr}`);
      await this.#news();
    }
  }

  async printed(text: string): Promise<string> {
    while (!this.stdout.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`ended before printing: ${this.stderr}`);
      await this.#news();
    }
    return this.stdout;
  }

  /** Where the nth listener listens. */
  async endpoint(nth = 1): Promise<string> {
    const { endpoint } = await this.said('listening', nth);
    return String(endpoint);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null) this.child.kill(signal);
    return this.ended;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #read(text: string): void {
    this.stderr += text;
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('{')) this.lines.push(JSON.parse(part) as LogLine);
    this.#wake();
  }
}
