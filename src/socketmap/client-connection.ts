// One connection of a mail server: requests in, replies out, one for one and in order. A known answer is written at the end of
// the turn of the event loop that read its request, as long as the turn has time. The only place that writes to the socket.
// Has no timer: the server's sweep judges all connections by a few numbers of each. I/O.
import type { Socket } from 'node:net';
import { ProtocolError, messageOf } from '../errors.js';
import type { Asker } from '../validation/probe.js';
import type { Reply } from '../validation/verdict.js';
import type { ClosingReason } from './closing-log.js';
import { TINY_PIECES, TINY_PIECE_BYTES, type Dripping } from './drips.js';
import { Inbox, type Arrival } from './inbox.js';
import { Outbox } from './outbox.js';
import { OwedReplies } from './owed-replies.js';
import type { Peer } from './peer.js';
import { Reading } from './reading.js';
import type { Shared } from './shared.js';
import { ASKING_COST, type Waiter } from './turns.js';

export class ClientConnection implements Asker, Waiter, Dripping {
  readonly #socket: Socket;
  readonly #shared: Shared;
  readonly #endpoint: string;
  /** Counted from the start of the server, for the log. */
  readonly number: number;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #reading: Reading;
  #peer: Peer = 'asking';
  #owed: OwedReplies | undefined;
  /** When the last request was complete, or when the present one began. */
  #since: number;
  /** How many tiny pieces of the request that is under way came behind its first. */
  #tinyPieces = 0;
  #rests = false;
  /** It broke the protocol, or was too slow. */
  #unruly = false;
  recent = 0;

  /**
   * @param endpoint where it was accepted, for the log
   * @param connected since when it may have been connected, if it waited to be accepted
   */
  constructor(socket: Socket, endpoint: string, shared: Shared, connected: Arrival | undefined) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.number = shared.counters.accepted;
    this.#shared = shared;
    this.#since = shared.now();
    this.#outbox = new Outbox(socket, shared.limits);
    this.#inbox = new Inbox(shared.dialect.decoder(shared.limits.maxRequestBytes), this.#since, connected);
    this.#reading = new Reading(socket, this.#inbox);
  }

  /** Every request takes this path: so it makes no promise, no closure, and no copy of what was read but the strings to look up. */
  receive(bytes: Buffer, length = bytes.length): void {
    const { now, watch, turns } = this.#shared;
    const readAt = now();
    const inbox = this.#inbox;
    if (watch.check(readAt) || this.#peer === 'ignored') return;
    if (!inbox.midway) this.#since = readAt;
    else if (length < TINY_PIECE_BYTES) this.#tinyPieces += 1;
    const others = inbox.unread;
    inbox.add(bytes, watch.arrivedSince, readAt, length);
    if (others) this.#settle(readAt);
    else turns.offer(this);
  }

  /** Whether nobody waits here for an answer any more. */
  get gone(): boolean {
    return this.#owed === undefined;
  }

  get waitingSince(): number {
    return this.#inbox.noticed;
  }

  serveTurn(now: number): void {
    if (this.#shared.watch.check(now)) return;
    if (this.#peer !== 'ignored' && !this.#outbox.full) this.#answerRequests(now);
    const tinyPieces = this.#tinyPieces - TINY_PIECES;
    if (tinyPieces > 0 && !this.#rests && this.#peer === 'asking') this.#rest(tinyPieces, now);
    this.#settle(now);
  }

  readAgain(now: number): void {
    this.#rests = false;
    if (this.#outbox.ended) this.#reading.set(true, now);
    else if (this.#unruly) this.#close('slowRequest', now);
    else this.#settle(now);
  }

  /** The peer sent its FIN. It still gets a reply to each of its requests. */
  finish(): void {
    if (this.#peer === 'asking') this.#peer = 'finished';
    this.resume();
  }

  /** The peer took what was written, or the server is draining: an idle connection is ended then, others when they are. */
  resume(): void {
    const now = this.#shared.now();
    if (!this.#shared.watch.check(now)) this.#settle(now);
  }

  /**
   * Ends it unanswered, whatever is waited for and whatever it still sends. Replies that are not yet with the kernel
   * cannot be taken back and would come too late: then it is closed.
   */
  abandon(now: number): void {
    this.#owed = undefined;
    this.#ignore();
    if (!this.#outbox.empty) this.#socket.destroy();
    else if (!this.#outbox.ended) this.#end(now);
  }

  closed(): void {
    this.#owed = undefined;
    this.#ignore();
  }

  /** Called every second by the server. */
  sweep(now: number): void {
    const { limits } = this.#shared;
    this.recent >>>= 1;
    if (this.#outbox.isOverdue(now)) {
      this.#tell('slowReader', now);
      this.#socket.destroy();
    }
    if (!this.#outbox.empty || this.#outbox.ended) return;
    const oldest = this.#oldest();
    if (oldest !== undefined) {
      if (now - oldest > limits.answerWithinMs) this.#close('late', now);
    } else if (this.#inbox.midway) {
      if (now - this.#since < limits.requestTimeoutMs || this.#unruly) return;
      this.#unruly = true;
      this.#rest(0, now);
    } else if (now - this.#since >= limits.idleTimeoutMs) {
      this.#close('idle', now);
    }
  }

  /** The earliest time at which the first request that is not answered yet, or not even read, may have come. */
  #oldest(): number | undefined {
    return this.#owed?.earliest ?? (this.#inbox.unread ? this.#inbox.earliest : undefined);
  }

  #answerRequests(now: number): void {
    const { lookup, limits, counters, dialect, turns } = this.#shared;
    const inbox = this.#inbox;
    let frames = '';
    let earliest = now;
    try {
      for (
        let left = turns.shareOf(this, limits.maxPerTurn);
        left > 0 && !this.#owed?.isFull(this.#shared);
        left--
      ) {
        const payload = inbox.next();
        if (payload === undefined) break;
        this.#since = now;
        this.#tinyPieces = 0;
        counters.requests += 1;
        if (frames !== '' || this.#owed !== undefined) this.recent += 1;
        else earliest = inbox.earliest;
        const { map, key, messageBytes } = dialect.parse(payload);
        const reply = lookup.answerNow(map, key, this, messageBytes);
        if (reply === undefined) {
          if (this.#owed !== undefined) this.recent += ASKING_COST - 1;
          this.#ask(map, key, messageBytes, now);
          left -= ASKING_COST - 1;
        } else {
          frames += this.#inOrder(reply);
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) return this.#close('failed', now, error);
      if (frames === '') earliest = inbox.earliest;
      frames += this.#refuse(error, now);
    }
    if (frames !== '') this.#write(frames, earliest, now);
  }

  /** @returns what may be written now: nothing, where earlier replies are not ready yet */
  #inOrder(reply: Reply): string {
    const frame = this.#frame(reply);
    if (this.#owed === undefined) return frame;
    this.#owed.add(this.#inbox.earliest, frame.length, frame);
    return '';
  }

  #frame(reply: Reply): string {
    this.#shared.counters.replies[reply.status] += 1;
    return this.#shared.dialect.format(reply);
  }

  #ask(map: string, key: string, messageBytes: number | undefined, now: number): void {
    const bytes = map.length + key.length;
    const owed = (this.#owed ??= new OwedReplies()).add(this.#inbox.earliest, bytes);
    this.#shared.askedBytes += bytes;
    this.#shared.lookup.answerLater(map, key, this, now - this.#inbox.noticed, messageBytes).then(
      (reply) => {
        this.#shared.askedBytes -= bytes;
        owed.frame = this.#frame(reply);
        this.#flushSoon();
      },
      (error: unknown) => {
        this.#shared.askedBytes -= bytes;
        this.#close('failed', this.#shared.now(), error);
      },
    );
  }

  /** When all promises of this turn are done: a batch of Cyrus' answers goes out in one write. */
  #flushSoon(): void {
    const owed = this.#owed;
    if (owed === undefined || owed.due) return;
    owed.due = true;
    process.nextTick(() => {
      owed.due = false;
      if (owed === this.#owed) this.#flush(owed);
    });
  }

  #flush(owed: OwedReplies): void {
    const now = this.#shared.now();
    const earliest = owed.earliest ?? now;
    if (this.#shared.watch.check(now)) return;
    const frames = owed.take();
    if (frames === '') return;
    if (owed.size === 0) this.#owed = undefined;
    if (!this.#inbox.midway) this.#since = now;
    this.#write(frames, earliest, now);
    this.#settle(now);
  }

  /** A late reply would be taken for the answer to the next question, so it is not written at all. */
  #write(frames: string, earliest: number, now: number): void {
    const { limits } = this.#shared;
    if (now - earliest > limits.answerWithinMs) return this.#close('late', now);
    this.#outbox.write(frames, earliest, now);
  }

  /** After each change: has requests wait for their turn, reads or does not, and ends when nothing is owed and none come. */
  #settle(now: number): void {
    const { turns, draining } = this.#shared;
    const inbox = this.#inbox;
    if (this.#socket.destroyed || this.#outbox.ended) return;
    this.#reading.set(this.#mayRead(), now);
    if (inbox.unread) {
      if (!this.#owed?.isFull(this.#shared) && !this.#outbox.full) turns.add(this);
      return;
    }
    if (this.#owed !== undefined || (this.#peer === 'asking' && (!draining || inbox.midway))) return;
    if (!this.#outbox.full) this.#end(now);
  }

  /** Not while requests wait for their turn: to read on would take the turn's time from others. */
  #mayRead(): boolean {
    return this.#peer !== 'ignored' && !this.#outbox.full && !this.#inbox.unread && !this.#rests;
  }

  /** It is not read until it is told that it may, which is soon where no tiny pieces came. */
  #rest(tinyPieces: number, now: number): void {
    this.#rests = true;
    this.#shared.drips.add(this, tinyPieces);
    this.#reading.set(false, now);
  }

  #ignore(): void {
    this.#peer = 'ignored';
    this.#inbox.clear();
    this.#shared.turns.delete(this);
    this.#shared.drips.delete(this);
  }

  /** Sends our FIN behind the last reply. What still comes is dropped, see Lingering; that of unruly ones, maybe thousands, by and by. */
  #end(now: number): void {
    this.#ignore();
    if (this.#unruly) this.#rest(0, now);
    else this.#reading.set(true, now);
    this.#outbox.end(now, () => this.#shared.ended(this.#socket));
  }

  /** @returns the last reply, where no earlier ones wait */
  #refuse(error: ProtocolError, now: number): string {
    this.#ignore();
    this.#unruly = true;
    this.#tell('protocolError', now, error);
    return this.#inOrder(this.#shared.dialect.broken(error));
  }

  #close(reason: ClosingReason, now: number, error?: unknown): void {
    this.#tell(reason, now, error);
    this.abandon(now);
  }

  #tell(reason: ClosingReason, now: number, error?: unknown): void {
    const fields = { endpoint: this.#endpoint, connection: this.number, peer: this.#socket.remoteAddress };
    const told = error === undefined ? fields : { ...fields, error: messageOf(error) };
    this.#shared.closings.add(reason, now, told);
  }
}
