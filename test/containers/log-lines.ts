// What a process or a container has written so far, and those who wait for a line of it.

const WAIT_MS = 60_000;

export class LogLines {
  #text = '';
  #ended = false;
  readonly #waiting = new Set<() => void>();

  feed(chunk: string): void {
    this.#text += chunk;
    this.#wake();
  }

  /** Nothing more will come: whoever wrote it has ended. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  get ended(): boolean {
    return this.#ended;
  }

  text(): string {
    return this.#text;
  }

  /** The lines that match. */
  all(pattern: RegExp): string[] {
    return this.#text.split('\n').filter((line) => pattern.test(line));
  }

  /** Waits for `count` lines that match, and gives the last of them. */
  async find(pattern: RegExp, count = 1): Promise<string> {
    const deadline = AbortSignal.timeout(WAIT_MS);
    for (;;) {
      const line = this.all(pattern)[count - 1];
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`ended without a line that matches ${pattern}:\n${this.#text}`);
      if (deadline.aborted) throw new Error(`no line matches ${pattern} in:\n${this.#text}`);
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
        deadline.addEventListener('abort', look, { once: true });
      });
    }
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}
