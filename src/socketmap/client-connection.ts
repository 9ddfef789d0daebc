// One connection of a mail server: requests in, replies out, one for one and in order. A known answer is written in
// the turn of the event loop that read its request; behind one that Cyrus is asked for, all wait in a queue. The only
// place that writes to the socket. Has no timer: the server's sweep judges all connections by a few numbers of each.
import type { Socket } from 'node:net';
import { ProtocolError, messageOf } from '../errors.js';
import type { Asker } from '../validation/probe.js';
import type { Reply } from '../validation/verdict.js';
import type { ClosingFields, ClosingReason, Closings } from './closing-log.js';
import type { Counters } from './counters.js';
import type { ConnectionLimits } from './limits.js';
import type { Lookup } from './lookup.js';
import { NetstringDecoder } from './netstring.js';
import { formatReply, parseRequest } from './protocol.js';
import type { StallWatch } from './stall-watch.js';

/** How often the server calls sweep(). */
export const SWEEP_MS = 1000;

/** What all connections of a server share. */
export type Shared = {
  readonly lookup: Lookup;
  readonly limits: ConnectionLimits;
  readonly counters: Counters;
  readonly closings: Closings;
  readonly watch: StallWatch;
  readonly now: () => number;
  /** Takes over a connection whose FIN is sent, or that was closed before it was. */
  readonly ended: (socket: Socket) => void;
  /** The server stops: a connection that owes nothing is closed. */
  draining: boolean;
};

/** A reply that is waited for, or waits behind one that is. */
type Waiting = { readonly arrivedAt: number; frame: string | undefined };

export class Connection implements Asker {
  readonly #socket: Socket;
  readonly #shared: Shared;
  readonly #endpoint: string;
  /** Counted from the start of the server, for the log. */
  readonly number: number;
  readonly #decoder: NetstringDecoder;
  /** `over`: the peer sends no more. `ignored`: whatever it sends is no request to us any more. */
  #input: 'open' | 'over' | 'ignored' = 'open';
  #ended = false;
  #paused = false;
  #flushing = false;
  /** Enough for one turn of the loop: what the decoder still holds is for the next. */
  #suspended = false;
  #waiting: Waiting[] | undefined;
  /** Of what the decoder holds: no earlier than this did it reach the kernel. */
  #arrivedAt: number;
  /** When the last request was complete, or the present one begun. */
  #since: number;
  /** When the peer must have taken what is written and not yet with the kernel, our FIN as well. */
  #takeBy = Infinity;

  /** @param endpoint where it was accepted, for the log */
  constructor(socket: Socket, endpoint: string, shared: Shared) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.#shared = shared;
    this.number = shared.counters.accepted;
    this.#decoder = new NetstringDecoder(shared.limits.maxRequestBytes);
    this.#since = shared.now();
    this.#arrivedAt = this.#since;
  }

  /** Whether nobody waits here for an answer any more. */
  get gone(): boolean {
    return this.#waiting === undefined || this.#socket.destroyed;
  }

  /** The path of every request: no promise, no closure, no copy of what was read but the strings to look up. */
  receive(chunk: Buffer): void {
    const { now, watch } = this.#shared;
    const readAt = now();
    if (watch.check(readAt) || this.#input === 'ignored') return;
    if (!this.#decoder.midway) this.#since = readAt;
    this.#arrivedAt = watch.arrivedSince;
    this.#decoder.feed(chunk);
    this.#serve(readAt);
  }

  /** The peer sent its FIN. It still gets every reply it asked for. */
  finish(): void {
    if (this.#input === 'open') this.#input = 'over';
    this.resume();
  }

  /** The peer took what was written, or it is this connection's turn again. */
  resume(): void {
    const now = this.#shared.now();
    if (!this.#shared.watch.check(now)) this.#serve(now);
  }

  /** Ends it as soon as nothing is owed: at once, where it is idle. */
  drain(): void {
    this.#settle(this.#shared.now());
  }

  /**
   * Ends it unanswered, whatever is waited for and whatever it still sends. Replies that are not yet with the kernel
   * cannot be taken back and would come too late: then it is closed.
   */
  abandon(now: number): void {
    this.#waiting = undefined;
    this.#input = 'ignored';
    if (this.#socket.writableLength > 0) this.#socket.destroy();
    else if (!this.#ended) this.#end(now);
  }

  /** Closes it at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Called every second by the server. */
  sweep(now: number): void {
    const { limits } = this.#shared;
    if (this.#socket.writableLength > 0 || this.#ended) {
      if (now >= this.#takeBy) this.#cutOff(now);
      return;
    }
    const oldest = this.#waiting?.[0];
    if (oldest !== undefined) {
      if (now - oldest.arrivedAt > limits.answerWithinMs) this.#close('late', now);
    } else if (this.#decoder.midway) {
      if (now - this.#since >= limits.requestTimeoutMs) this.#close('slowRequest', now);
    } else if (now - this.#since >= limits.idleTimeoutMs) {
      this.#close('idle', now);
    }
  }

  #serve(now: number): void {
    if (this.#input !== 'ignored' && !this.#socket.writableNeedDrain) this.#answerRequests(now);
    this.#settle(now);
  }

  #answerRequests(now: number): void {
    const { lookup, limits, counters } = this.#shared;
    let frames = '';
    try {
      for (let left = limits.maxPerTurn; !this.#isFull(); left--) {
        if (left === 0) {
          if (this.#decoder.unread) this.#suspend();
          break;
        }
        const payload = this.#decoder.next();
        if (payload === undefined) break;
        this.#since = now;
        counters.requests += 1;
        const { map, key } = parseRequest(payload);
        const reply = lookup.answerNow(map, key, this);
        if (reply === undefined) this.#ask(map, key);
        else frames += this.#inOrder(reply);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) return this.#fail(error, now);
      frames += this.#refuse(error, now);
    }
    if (frames !== '') this.#write(frames, this.#arrivedAt, now);
  }

  /** @returns what may be written now: nothing, where others wait before it */
  #inOrder(reply: Reply): string {
    const frame = this.#frame(reply);
    if (this.#waiting === undefined) return frame;
    this.#waiting.push({ arrivedAt: this.#arrivedAt, frame });
    return '';
  }

  #frame(reply: Reply): string {
    this.#shared.counters.replies[reply.status] += 1;
    return formatReply(reply);
  }

  #ask(map: string, key: string): void {
    const waiting: Waiting = { arrivedAt: this.#arrivedAt, frame: undefined };
    (this.#waiting ??= []).push(waiting);
    this.#shared.lookup.answerLater(map, key, this).then(
      (reply) => {
        waiting.frame = this.#frame(reply);
        this.#flushSoon();
      },
      (error: unknown) => this.#fail(error, this.#shared.now()),
    );
  }

  /** When all promises of this turn are done: a batch of Cyrus' answers goes out in one write. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const waiting = this.#waiting;
    const now = this.#shared.now();
    if (waiting === undefined || this.#socket.destroyed || this.#shared.watch.check(now)) return;
    const oldest = waiting[0]?.arrivedAt ?? now;
    let frames = '';
    let ready = 0;
    for (const { frame } of waiting) {
      if (frame === undefined) break;
      frames += frame;
      ready += 1;
    }
    if (ready === 0) return;
    if (ready < waiting.length) waiting.splice(0, ready);
    else this.#waiting = undefined;
    if (!this.#decoder.midway) this.#since = now;
    this.#write(frames, oldest, now);
    this.#serve(now);
  }

  /** A late reply would be taken for the answer to the next question: then there is none. */
  #write(frames: string, arrivedAt: number, now: number): void {
    const { limits } = this.#shared;
    if (now - arrivedAt > limits.answerWithinMs) return this.#close('late', now);
    if (this.#socket.writableLength === 0) {
      const lastSweepInTime = arrivedAt + limits.answerWithinMs - SWEEP_MS;
      this.#takeBy = Math.min(now + limits.writeTimeoutMs, lastSweepInTime);
    }
    this.#socket.write(frames, 'latin1');
  }

  /**
   * After each change: stops reading while too much is owed, or while something is and no more can come; and ends when
   * nothing is.
   */
  #settle(now: number): void {
    const socket = this.#socket;
    const waiting = this.#waiting;
    if (socket.destroyed || this.#ended) return;
    if (this.#isFull() || this.#suspended || socket.writableNeedDrain) {
      if (!this.#paused) socket.pause();
      this.#paused = true;
      return;
    }
    if (this.#paused) this.#resumeReading();
    if (waiting !== undefined) return;
    if (this.#input === 'open' && (!this.#shared.draining || this.#decoder.midway)) return;
    this.#end(now);
  }

  #isFull(): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    return this.#input === 'ignored' || waiting.length >= this.#shared.limits.maxWaiting;
  }

  #suspend(): void {
    if (this.#suspended) return;
    this.#suspended = true;
    setImmediate(() => {
      this.#suspended = false;
      if (!this.#socket.destroyed) this.resume();
    });
  }

  #resumeReading(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** Sends our FIN behind the last reply. What the peer still sends is read, but by nobody: see Lingering. */
  #end(now: number): void {
    const socket = this.#socket;
    const takeBy = now + this.#shared.limits.writeTimeoutMs;
    this.#takeBy = socket.writableLength > 0 ? Math.min(takeBy, this.#takeBy) : takeBy;
    this.#ended = true;
    this.#input = 'ignored';
    if (this.#paused) this.#resumeReading();
    socket.end(() => this.#shared.ended(socket));
  }

  /** @returns the last reply, where no others wait before it */
  #refuse(error: ProtocolError, now: number): string {
    this.#input = 'ignored';
    this.#shared.closings.add('protocolError', now, this.#fields(error));
    return this.#inOrder({ status: 'TEMP', text: error.message });
  }

  #fail(error: unknown, now: number): void {
    this.#shared.closings.add('failed', now, this.#fields(error));
    this.abandon(now);
  }

  #close(reason: ClosingReason, now: number): void {
    this.#shared.closings.add(reason, now, this.#fields());
    this.abandon(now);
  }

  /** Closes one that does not take its replies: they would come too late. */
  #cutOff(now: number): void {
    this.#shared.closings.add('slowReader', now, this.#fields());
    this.#socket.destroy();
  }

  #fields(error?: unknown): ClosingFields {
    const { remoteAddress: peer } = this.#socket;
    const fields = { endpoint: this.#endpoint, connection: this.number, peer };
    return error === undefined ? fields : { ...fields, error: messageOf(error) };
  }
}
