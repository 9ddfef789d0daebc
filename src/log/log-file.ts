// Where log lines go: a file or standard error, written in the background. A full disk, a vanished folder or a
// reader that stalls never blocks the daemon: lines beyond a limit are dropped, counted, and told of once.
import { close, constants, openSync, write } from 'node:fs';
import { messageOf } from '../errors.js';

export type LogFileAlarm = {
  /** Lines are lost (told once until `resumed`), or a new file could not be opened. */
  readonly trouble: (what: string) => void;
  /** Lines are written again. */
  readonly resumed: (dropped: number) => void;
};

/** Milliseconds for which lines are collected before they are written together: in a flood, one write for each would cost more. */
const COLLECT_MS = 10;

/** A pipe whose reader stalls says EAGAIN; after so many milliseconds it is tried again. */
const RETRY_MS = 100;

/** Without O_NONBLOCK a FIFO that nobody reads would hold the daemon at open, and a thread at each write. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const MODE = 0o640;

/** What is being written. It goes to the file in which it was begun, so that a rotation cuts no line in two. */
type Chunk = { readonly fd: number; readonly bytes: Buffer; readonly counted: number; offset: number };

const NEWLINE = 0x0a;

export class LogFile {
  readonly #maxPendingBytes: number;
  readonly #alarm: LogFileAlarm;
  #fd: number;
  #path: string | undefined;
  #lines: string[] = [];
  #pendingBytes = 0;
  #writing: Chunk | undefined;
  #dropped = 0;
  #troubled = false;
  /** Whether the file ends in the middle of a line whose rest was lost. */
  #torn = false;
  readonly #flushed: (() => void)[] = [];
  #collecting: NodeJS.Timeout | undefined;

  private constructor(fd: number, path: string | undefined, maxPendingBytes: number, alarm: LogFileAlarm) {
    this.#fd = fd;
    this.#path = path;
    this.#maxPendingBytes = maxPendingBytes;
    this.#alarm = alarm;
  }

  /**
   * @param path undefined is standard error
   * @param maxPendingBytes how many bytes of lines may wait to be written; further lines are dropped
   * @throws the error of open(2)
   */
  static open(path: string | undefined, maxPendingBytes: number, alarm: LogFileAlarm): LogFile {
    // Node makes a pipe non-blocking when process.stderr is first used: a stalled reader then gives EAGAIN.
    const fd = path === undefined ? process.stderr.fd : openSync(path, FLAGS, MODE);
    return new LogFile(fd, path, maxPendingBytes, alarm);
  }

  /** How many lines were lost since that was last told. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#pendingBytes + bytes > this.#maxPendingBytes) {
      this.#drop(1, `more than ${this.#maxPendingBytes} bytes are waiting to be written`);
      return;
    }
    this.#pendingBytes += bytes;
    this.#lines.push(line);
    if (this.#writing === undefined)
      this.#collecting ??= setTimeout(() => this.#writeCollected(), COLLECT_MS);
  }

  /** Opens the file anew, after a rotation or under another path. Where that fails the old one is kept. */
  reopen(path: string | undefined): void {
    if (path === undefined && this.#path === undefined) return;
    if (this.#collecting !== undefined) this.#writeCollected();
    try {
      const fd = path === undefined ? process.stderr.fd : openSync(path, FLAGS, MODE);
      if (this.#writing?.fd !== this.#fd) this.#close(this.#fd);
      this.#fd = fd;
      this.#path = path;
      this.#torn = false;
    } catch (error) {
      this.#alarm.trouble(`cannot be opened anew, the old file is kept: ${messageOf(error)}`);
    }
  }

  /** Resolves when every line is written or dropped, or after the timeout. */
  flush(timeoutMs: number): Promise<void> {
    if (this.#collecting !== undefined) this.#writeCollected();
    if (this.#writing === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#flushed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #writeCollected(): void {
    clearTimeout(this.#collecting);
    this.#collecting = undefined;
    this.#next(false);
  }

  /** @param caughtUp whether everything before it was written */
  #next(caughtUp: boolean): void {
    if (this.#lines.length === 0) {
      this.#writing = undefined;
      if (caughtUp) this.#resume();
      for (const flushed of this.#flushed.splice(0)) flushed();
      return;
    }
    const text = this.#lines.join('');
    const bytes = Buffer.from(this.#torn ? `\n${text}` : text);
    this.#writing = { fd: this.#fd, bytes, counted: this.#pendingBytes, offset: 0 };
    this.#lines = [];
    this.#writeOn(this.#writing);
  }

  #writeOn(chunk: Chunk): void {
    const { fd, bytes, offset } = chunk;
    write(fd, bytes, offset, bytes.length - offset, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#writeOn(chunk), RETRY_MS).unref();
        return;
      }
      if (error === null) chunk.offset += written;
      if (error === null && chunk.offset < bytes.length) this.#writeOn(chunk);
      else this.#finish(chunk, error);
    });
  }

  #finish(chunk: Chunk, error: Error | null): void {
    this.#pendingBytes -= chunk.counted;
    if (chunk.fd !== this.#fd) this.#close(chunk.fd);
    if (error === null) {
      this.#torn = false;
    } else {
      const begun = chunk.offset > 0 && chunk.fd === this.#fd;
      if (begun) this.#torn = chunk.bytes[chunk.offset - 1] !== NEWLINE;
      this.#drop(lostLines(chunk), error.message);
    }
    this.#next(error === null);
  }

  #drop(lines: number, reason: string): void {
    this.#dropped += lines;
    if (!this.#troubled) this.#alarm.trouble(`log lines are lost: ${reason}`);
    this.#troubled = true;
  }

  #resume(): void {
    if (!this.#troubled) return;
    const dropped = this.#dropped;
    this.#troubled = false;
    this.#dropped = 0;
    this.#alarm.resumed(dropped);
  }

  #close(fd: number): void {
    // A file that cannot be closed loses us nothing.
    if (fd > 2) close(fd, () => undefined);
  }
}

function lostLines({ bytes, offset }: Chunk): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE, offset); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}
