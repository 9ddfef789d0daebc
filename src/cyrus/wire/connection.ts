// A client's connection to Cyrus: one socket, one parser, one conversation at a time, each with a timeout. It is trusted until its
// first surprise: bytes that nobody asked for, a broken reply, silence, or its end. Then it is "botched": closed, and never used
// again. Only this file opens sockets to Cyrus; TLS is done in tls.ts.
import { connect, type Socket } from 'node:net';
import { formatEndpoint, type Endpoint } from '../../net/endpoint.js';
import { asError, DeadlineError, messageOf, ProtocolError, UnavailableError } from '../../errors.js';
import { HOST_NAMES } from './host-names.js';
import type { ChannelBinding } from './channel-binding.js';
import { isEnough } from './stream-step.js';
import type { TlsSettings } from './tls.js';

/** Bytes in, replies out: what a protocol's parser offers to a connection. */
export interface ReplyParser<Reply> {
  feed(chunk: Buffer): void;
  /** @throws ProtocolError */
  next(): Reply | undefined;
  /** Whether there are bytes that are not yet a whole reply. */
  readonly pending: boolean;
  /**
   * Whether a reply may come though nobody asked for it. Without this function none may.
   * @throws where the reply says that the peer ends the connection
   */
  mayComeAnytime?(reply: Reply): boolean;
}

/** Takes one reply; says whether it was the last one of the conversation. */
export type Taker<Reply> = (reply: Reply) => 'more' | 'done';

type Conversation<Reply> = {
  readonly take: Taker<Reply>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  /** The timer for a whole stream; each chunk that comes starts the other timer anew. */
  readonly whole: NodeJS.Timeout | undefined;
};

/** The longest silence in a stream, and its longest time in all, since a stream without end would keep us busy for ever. */
export type StreamPatience = { readonly silenceMs: number; readonly totalMs: number };

export class Connection<Reply> {
  #socket: Socket;
  readonly #parser: ReplyParser<Reply>;
  #conversation: Conversation<Reply> | undefined;
  #failure: Error | undefined;
  /** How many replies came since the last conversation though nobody asked for them. */
  #unasked = 0;
  /** Whether replies have come that were not taken yet. */
  #behind = false;
  #ended = false;
  /** The channel binding; undefined without TLS, and where there is none. */
  channelBinding: ChannelBinding | undefined;
  #onUnasked: ((reply: Reply) => void) | undefined;

  private constructor(socket: Socket, parser: ReplyParser<Reply>) {
    this.#socket = socket;
    this.#parser = parser;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (cause) =>
      this.#fail(new UnavailableError(`connection lost: ${cause.message}`, { cause })),
    );
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  /**
   * Connects.
   * @param timeoutMs for the connection alone; the greeting has a timeout of its own
   * @throws UnavailableError where nobody listens, DeadlineError after the timeout
   */
  static open<Reply>(
    endpoint: Endpoint,
    parser: ReplyParser<Reply>,
    timeoutMs: number,
  ): Promise<Connection<Reply>> {
    const { promise, resolve, reject } = settled<Connection<Reply>>();
    const name = formatEndpoint(endpoint);
    const socket = connect(
      endpoint.kind === 'unix'
        ? { path: endpoint.path }
        : { host: endpoint.host, port: endpoint.port, lookup: HOST_NAMES.lookup },
    );
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new DeadlineError(`no connection to ${name} within ${timeoutMs} ms`));
    }, timeoutMs);
    const refused = (cause: Error) => {
      clearTimeout(timer);
      reject(new UnavailableError(`no connection to ${name}: ${reasonOf(cause)}`, { cause }));
    };
    socket.on('error', refused);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', refused);
      socket.setNoDelay(true);
      resolve(new Connection(socket, parser));
    });
    return promise;
  }

  /** Whether it may not be used again. */
  get botched(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Starts TLS on it. It fails if bytes came in clear after the last reply; and bytes in clear that come now are no valid
   * handshake.
   * @returns the version of TLS that was agreed on
   * @throws UnavailableError where the certificate cannot be trusted or the peer does not speak TLS, DeadlineError
   */
  async secure(settings: TlsSettings, timeoutMs: number): Promise<string> {
    // RFC 3501 section 6.2.1: anybody may have sent what came in clear after the last reply.
    if (this.#parser.pending || this.#unasked > 0)
      this.#fail(new ProtocolError('the peer sent a reply too many before TLS'));
    if (this.#failure !== undefined) throw this.#failure;
    const plain = this.#socket;
    for (const event of ['data', 'error', 'end', 'close']) plain.removeAllListeners(event);
    try {
      const secured = await settings.handshake(plain, settings, timeoutMs);
      this.#socket = secured;
      this.#listen(secured);
      this.channelBinding = settings.bind?.(secured);
      return secured.getProtocol() ?? 'TLS';
    } catch (error) {
      plain.on('error', () => undefined);
      this.#fail(error instanceof Error ? error : new UnavailableError(String(error)));
      throw error;
    }
  }

  /**
   * Writes, and gives each reply to `take` until that says `done`. Any more replies are a surprise.
   * @param bytes latin1; `''` where the peer speaks first
   * @throws UnavailableError, DeadlineError, ProtocolError, or what `take` threw; then the connection is botched
   */
  converse(bytes: string, take: Taker<Reply>, timeoutMs: number): Promise<void> {
    return this.#converse(bytes, take, timeoutMs);
  }

  /** Like `converse`, for an answer that may be long: it has a limit for silence, and one for the whole. */
  stream(bytes: string, take: Taker<Reply>, { silenceMs, totalMs }: StreamPatience): Promise<void> {
    return this.#converse(bytes, take, silenceMs, totalMs);
  }

  #converse(bytes: string, take: Taker<Reply>, timeoutMs: number, totalMs?: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#conversation !== undefined)
      return Promise.reject(new Error('a conversation is already under way'));
    const { promise, resolve, reject } = settled<void>();
    const timer = this.#failAfter(timeoutMs, 'no reply');
    const whole = totalMs === undefined ? undefined : this.#failAfter(totalMs, 'no end of the reply');
    this.#unasked = 0;
    this.#conversation = { take, resolve, reject, timer, whole };
    if (bytes !== '') this.#socket.write(bytes, 'latin1');
    return promise;
  }

  #failAfter(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#fail(new DeadlineError(`${what} within ${ms} ms`)), ms);
  }

  /** From now on all replies between two conversations are given to `take`, however many; if it throws, this is botched. */
  takeUnasked(take: (reply: Reply) => void): void {
    this.#onUnasked = take;
  }

  #hearsUnasked(): boolean {
    return this.#onUnasked !== undefined || this.#parser.mayComeAnytime !== undefined;
  }

  /** Ends the connection: with last words where it is idle and in step, otherwise at once. */
  close(lastWords = ''): void {
    if (this.#failure === undefined && this.#conversation === undefined && lastWords !== '') {
      this.#failure = new UnavailableError('connection closed');
      this.#socket.end(lastWords, 'latin1');
      const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS);
      this.#socket.once('close', () => clearTimeout(timer));
      return;
    }
    this.#fail(new UnavailableError('connection closed'));
  }

  #read(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    if (this.#conversation !== undefined || this.#hearsUnasked()) this.#step(chunk);
    else this.#fail(new ProtocolError('the peer sent what nobody asked for'));
  }

  #step(chunk?: Buffer): void {
    if (this.#failure !== undefined) return;
    if (this.#conversation?.whole !== undefined) this.#conversation.timer.refresh();
    try {
      if (chunk !== undefined) this.#parser.feed(chunk);
      this.#behind = this.#deliver();
      if (this.#behind) this.#goOnSoon();
      else if (this.#ended) this.#end();
      else if (this.#socket.isPaused()) this.#socket.resume();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new ProtocolError(String(error)));
    }
  }

  /** @returns whether replies are left for the next turn of the event loop */
  #deliver(): boolean {
    const since = this.#conversation?.whole === undefined ? 0 : performance.now();
    let taken = 0;
    let finished: Conversation<Reply> | undefined;
    try {
      for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
        const conversation = this.#conversation;
        if (conversation === undefined) this.#ignore(reply);
        else if (conversation.take(reply) === 'done') finished = this.#finish(conversation);
        else {
          taken += 1;
          if (conversation.whole !== undefined && isEnough(taken, since)) return true;
        }
      }
    } catch (error) {
      // Bytes after the last reply may show that it was not the answer, so the conversation is not resolved before.
      finished?.reject(asError(error));
      throw error;
    }
    finished?.resolve();
    return false;
  }

  /** @throws ProtocolError where more came than was asked for */
  #finish(conversation: Conversation<Reply>): Conversation<Reply> {
    if (this.#parser.pending && !this.#hearsUnasked())
      throw new ProtocolError('the peer sent a reply too many');
    this.#conversation = undefined;
    stopTimers(conversation);
    return conversation;
  }

  /** Takes a reply that nobody asked for. @throws ProtocolError where it may not come now */
  #ignore(reply: Reply): void {
    if (this.#onUnasked !== undefined) return this.#onUnasked(reply);
    this.#unasked += 1;
    if (this.#unasked > UNASKED_MAX)
      throw new ProtocolError(`the peer sent over ${UNASKED_MAX} replies too many`);
    if (this.#parser.mayComeAnytime?.(reply) !== true)
      throw new ProtocolError('the peer sent a reply too many');
  }

  /** The peer ended the connection. Replies that came before are taken first. */
  #end(): void {
    this.#ended = true;
    if (!this.#behind) this.#fail(new UnavailableError('connection closed by the peer'));
  }

  /** Goes on after others have had their turn; meanwhile no more is read from the peer. */
  #goOnSoon(): void {
    this.#socket.pause();
    setImmediate(() => this.#step());
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    const conversation = this.#conversation;
    this.#conversation = undefined;
    if (conversation === undefined) return;
    stopTimers(conversation);
    conversation.reject(error);
  }
}

/** How many replies may come between two conversations, such as warnings to all users. */
export const UNASKED_MAX = 100;

/** How long a peer has to read our last words before the socket is destroyed, in milliseconds. */
const LAST_WORDS_MS = 1000;

function stopTimers({ timer, whole }: Pick<Conversation<never>, 'timer' | 'whole'>): void {
  clearTimeout(timer);
  clearTimeout(whole);
}

/** Where a host has several addresses, there is one error for each, inside a common error without a text. */
function reasonOf(cause: Error): string {
  if (!(cause instanceof AggregateError)) return cause.message;
  return cause.errors.map(messageOf).join(', ');
}

function settled<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
