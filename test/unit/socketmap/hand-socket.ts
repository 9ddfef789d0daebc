// A socket without a kernel, for tests of one connection: what its peer sends and takes is done by hand, and nothing waits.
import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** With as much room for answers in each Node: the default of 20 is 16 kB, that of 22 is 64 kB. */
const OPTIONS = { allowHalfOpen: true, writableHighWaterMark: 16_384 };

export class HandSocket extends Socket {
  /** What the kernel took of it, a piece for each write. */
  readonly pieces: string[] = [];
  /** Whether our FIN went out, behind all that was written. */
  finSent = false;
  #takes = true;
  readonly #waiting: (() => void)[] = [];

  constructor() {
    super(OPTIONS);
  }

  get sent(): string {
    return this.pieces.join('');
  }

  /** The peer sends so much: it comes as one chunk, where the socket is read. */
  receive(bytes: string): void {
    this.push(Buffer.from(bytes, 'latin1'));
  }

  /** The peer sends its FIN. */
  receiveFin(): void {
    this.push(null);
  }

  /** The kernel takes no more from now on, as where the peer reads nothing. */
  clog(): void {
    this.#takes = false;
  }

  /** The kernel takes all that waits, and what comes. */
  unclog(): void {
    this.#takes = true;
    for (const take of this.#waiting.splice(0)) take();
  }

  override _read(): void {
    // What the peer sends is pushed.
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: Done): void {
    this.#take(textOf(chunk), done);
  }

  override _writev(chunks: { chunk: Buffer | string }[], done: Done): void {
    this.#take(chunks.map(({ chunk }) => textOf(chunk)).join(''), done);
  }

  override _final(done: Done): void {
    this.finSent = true;
    done();
  }

  #take(text: string, done: Done): void {
    const take = (): void => {
      this.pieces.push(text);
      done();
    };
    if (this.#takes) take();
    else this.#waiting.push(take);
  }
}

function textOf(chunk: Buffer | string): string {
  return typeof chunk === 'string' ? chunk : chunk.toString('latin1');
}
