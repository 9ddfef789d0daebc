// A process beside a test, such as an attacker or a lmtpd: what it does must not cost the test's own event loop.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process that ends when its standard input does. */
export class Companion {
  readonly #child: ChildProcess;
  readonly #output: Promise<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    this.#output = once(child, 'close').then(() => output);
  }

  /** Resolves when it has said its first word. */
  static start(script: string, ...args: readonly (string | number)[]): Promise<Companion> {
    return Companion.startWithin([], script, ...args);
  }

  /** The same, @param within programs and their arguments, each of which runs what follows it */
  static async startWithin(
    within: readonly string[],
    script: string,
    ...args: readonly (string | number)[]
  ): Promise<Companion> {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const [program = '', ...all] = [...within, process.execPath, file, ...args.map(String)];
    const child = spawn(program, all, { stdio: ['pipe', 'pipe', 'inherit'] });
    const companion = new Companion(child);
    await once(child.stdout, 'data');
    return companion;
  }

  /** @returns all that it said, when it has ended by itself */
  ended(): Promise<string> {
    return this.#output;
  }

  /** @returns all that it said */
  stop(): Promise<string> {
    this.#child.stdin?.end();
    return this.#output;
  }
}
