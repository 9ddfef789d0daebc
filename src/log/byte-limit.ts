// How many bytes of log a second there may be: whoever makes us write must not fill the disk. Warnings and errors are always
// written: we limit those by what they tell. No I/O of its own.

const SECOND_MS = 1000;

export class ByteLimit {
  readonly #now: () => number;
  readonly #tell: (dropped: number) => void;
  maxPerSecond: number;
  #since = -Infinity;
  #bytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param now monotonic milliseconds; @param tell is told at the end of a second how many lines were left out */
  constructor(maxPerSecond: number, now: () => number, tell: (dropped: number) => void) {
    this.maxPerSecond = maxPerSecond;
    this.#now = now;
    this.#tell = tell;
  }

  /** @param line of JSON as pino writes it, its level first */
  takes(line: string): boolean {
    const now = this.#now();
    if (now - this.#since >= SECOND_MS) {
      this.#since = now;
      this.#bytes = 0;
    }
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes <= this.maxPerSecond || !/^\{"level":"(?:info|debug|trace)"/.test(line)) {
      this.#bytes += bytes;
      return true;
    }
    this.#dropped += 1;
    this.#timer ??= setTimeout(() => this.#end(), this.#since + SECOND_MS - now).unref();
    return false;
  }

  #end(): void {
    this.#timer = undefined;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#tell(dropped);
  }
}
