// What a connection was sent and nobody has read yet, with its age: requests are pulled out one by one, each as old as the
// bytes that it came in. No I/O.
import type { RequestDecoder } from './dialect.js';

/** When bytes may have reached the kernel, at the earliest; and when they were noticed, or should have been. */
export type Arrival = { readonly earliest: number; readonly noticed: number };

/** Read and not looked at: then the socket is read no further until this is. */
const MAX_BYTES = 16_384;

type Piece = Arrival & { readonly chunk: Buffer };

export class Inbox {
  readonly #decoder: RequestDecoder;
  /** Behind what the decoder holds. */
  #pieces: Piece[] | undefined;
  #bytes = 0;
  /** Of what comes from a socket that was not read for a while. */
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
    return this.#pieces !== undefined || this.#decoder.unread;
  }

  /** Whether so much waits that no more should be read. */
  get full(): boolean {
    return this.#bytes >= MAX_BYTES;
  }

  /** Of the request that next() gave, and of what it will read next: no earlier than this did it reach the kernel. */
  get earliest(): number {
    return this.#earliest;
  }

  /** The same, but when it was read, or should have been: for the deadline of a lookup. */
  get noticed(): number {
    return this.#noticed;
  }

  /**
   * Takes what was read.
   * @param earliest when it may have reached the kernel, from a socket that was read all the time
   */
  add(chunk: Buffer, earliest: number, now: number): void {
    const held = this.#heldSince;
    const since = held === undefined ? earliest : held.earliest;
    const noticed = held === undefined ? now : held.noticed;
    if (this.unread) {
      (this.#pieces ??= []).push({ chunk, earliest: since, noticed });
      this.#bytes += chunk.length;
    } else {
      this.#feed(chunk, since, noticed);
    }
  }

  /**
   * The next whole request; undefined until more is added.
   * @throws ProtocolError where what came is no netstring, again at each further call
   */
  next(): string | undefined {
    for (;;) {
      const payload = this.#decoder.next();
      if (payload !== undefined || this.#pieces === undefined) return payload;
      this.#feedPiece(this.#pieces);
    }
  }

  /** Lets go of what nobody will read. */
  clear(): void {
    this.#decoder.drop();
    this.#pieces = undefined;
    this.#bytes = 0;
  }

  /** Its socket is not read from now on: what is read later may be as old. */
  hold(now: number): void {
    this.#holds += 1;
    this.#heldSince ??= { earliest: now, noticed: now };
  }

  /** Its socket is read again. After a whole turn of the loop all that has waited in it is here. */
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
    this.#feed(piece.chunk, piece.earliest, piece.noticed);
  }

  #feed(chunk: Buffer, earliest: number, noticed: number): void {
    this.#earliest = earliest;
    this.#noticed = noticed;
    this.#decoder.feed(chunk);
  }
}
