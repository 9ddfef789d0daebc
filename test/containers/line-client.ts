// Lines over a TCP connection, for the small clients of the tests: CR LF ends each, and none is awaited for long.
import { connect, type Socket } from 'node:net';

const LINE_TIMEOUT_MS = 30_000;

export class LineClient {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = '';
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#feed(text));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('connection closed by the server')));
  }

  /** Connects to a port of this machine. What fails shows at the first line awaited. */
  static connect(port: number): LineClient {
    return new LineClient(connect({ port, host: '127.0.0.1' }));
  }

  send(line: string): void {
    this.#socket.write(`${line}\r\n`, 'latin1');
  }

  /** The next line, without CR LF. One caller at a time. */
  async line(): Promise<string> {
    const late = setTimeout(
      () => this.#fail(new Error(`no line within ${LINE_TIMEOUT_MS}ms`)),
      LINE_TIMEOUT_MS,
    );
    try {
      for (;;) {
        const line = this.#lines.shift();
        if (line !== undefined) return line;
        if (this.#failure !== undefined) throw this.#failure;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #feed(text: string): void {
    const lines = (this.#rest + text).split('\r\n');
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
    this.#wake?.();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }
}
