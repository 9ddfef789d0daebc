// What a connection was sent and nobody has read yet, with its age: requests are pulled out one by one, each as old as the
// bytes that it came in. No I/O.
import type { RequestDecoder } from './dialect.js';

/** The earliest time at which bytes may have reached the kernel; and the time at which we noticed them, or should have. */
export type Arrival = { readonly earliest: number; readonly noticed: number };

/** When so many bytes have been read and not yet taken apart, the socket is not read any further. */
const MAX_BYTES = 16_384;

type Piece = Arrival & { readonly chunk: Buffer };

export class Inbox {
  readonly #decoder: RequestDecoder;
  /** A request that was read all by itself, and need not be decoded any more. */
  #whole: string | undefined;
  /** Bytes that follow those that the decoder holds already. */
  #pieces: Piece[] | undefined;
  #bytes = 0;
  /** The age of what comes next, where the socket was not read for a while: the bytes may have waited in it since then. */
  #heldSince: Arrival | undefined;
  #holds = 0;
  #earliest: number;
  #noticed: number;

  /** @param connected when the connection may have been made, if it waited to be accepted */
  constructor(decoder: RequestDecoder, now: number, connected: Arrival | undefined) {
    this.#decoder = decoder;
    this.#earliest = now;
    this.#noticed = now;
    if (connected === undefined) return;
    this.#heldSince = connected;
    this.release();
  }

  /** Whether a request has begun and is not complete. Meaningful when `next()` has returned undefined. */
  get midway(): boolean {
    return this.#decoder.midway;
  }

  /** Whether there are bytes that `next()` has not read. */
  get unread(): boolean {
    return this.#whole !== undefined || this.#pieces !== undefined || this.#decoder.unread;
  }

  /** Whether so much waits that no more should be read. */
  get full(): boolean {
    return this.#bytes >= MAX_BYTES;
  }

  /** The earliest time at which the request that next() gave, or what it will read next, may have reached the kernel. */
  get earliest(): number {
    return this.#earliest;
  }

  /** The time at which that was read, or should have been read: the deadline of a lookup counts from here. */
  get noticed(): number {
    return this.#noticed;
  }

  /**
   * Takes what was read from the socket: the first `length` of these bytes, which may be overwritten as soon as it returns.
   * @param earliest when it may have reached the kernel, provided that the socket was read all the time
   */
  add(bytes: Buffer, earliest: number, now: number, length = bytes.length): void {
    const held = this.#heldSince;
    const since = held === undefined ? earliest : held.earliest;
    const noticed = held === undefined ? now : held.noticed;
    if (this.unread) {
      (this.#pieces ??= []).push({ chunk: copyOf(bytes, length), earliest: since, noticed });
      this.#bytes += length;
      return;
    }
    this.#earliest = since;
    this.#noticed = noticed;
    this.#whole = this.#decoder.whole(bytes, length);
    if (this.#whole === undefined) this.#decoder.feed(copyOf(bytes, length));
  }

  /**
   * The next whole request; undefined until more is added.
   * @throws ProtocolError where what came is no netstring, again at each further call
   */
  next(): string | undefined {
    const whole = this.#whole;
    if (whole !== undefined) {
      this.#whole = undefined;
      return whole;
    }
    for (;;) {
      const payload = this.#decoder.next();
      if (payload !== undefined || this.#pieces === undefined) return payload;
      this.#feedPiece(this.#pieces);
    }
  }

  /** Drops what nobody will read any more. */
  clear(): void {
    this.#decoder.drop();
    this.#whole = undefined;
    this.#pieces = undefined;
    this.#bytes = 0;
  }

  /** Its socket is not read from now on: what is read later may have waited in it since now. */
  hold(now: number): void {
    this.#holds += 1;
    this.#heldSince ??= { earliest: now, noticed: now };
  }

  /** Its socket is read again. After a whole turn of the event loop everything that had waited in it has been read. */
  release(): void {
    const holds = this.#holds;
    const aTurnLater = (): void => {
      if (this.#holds === holds) this.#heldSince = undefined;
    };
    setImmediate(() => setImmediate(aTurnLater));
  }

  #feedPiece(pieces: Piece[]): void {
    const [piece] = pieces.splice(0, 1);
    if (pieces.length === 0) this.#pieces = undefined;
    if (piece === undefined) return;
    this.#bytes -= piece.chunk.length;
    this.#earliest = piece.earliest;
    this.#noticed = piece.noticed;
    this.#decoder.feed(piece.chunk);
  }
}

function copyOf(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, 0, length);
  return copy;
}
