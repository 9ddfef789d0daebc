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
  static async start(script: string, ...args: readonly (string | number)[]): Promise<Companion> {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(process.execPath, [file, ...args.map(String)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const companion = new Companion(child);
    await once(child.stdout, 'data');
    return companion;
  }

  /** @returns all that it said */
  stop(): Promise<string> {
    this.#child.stdin?.end();
    return this.#output;
  }
}
