// What `import { SocketmapClient } from 'cyrusmapd'` gives to a program that asks a socketmap: docs/client.md. It connects when it
// is asked, asks many at once, and connects anew. All its types are in here, since they are shipped as one file. I/O.
import { ConfigError, DeadlineError, ProtocolError, messageOf } from '../errors.js';
import { parseEndpoint, type Endpoint } from '../net/endpoint.js';
import { SocketmapConnection } from '../socketmap/client.js';
import { OpenLookup } from './open-lookup.js';
import { byteString, textOf, wholeNumber } from './values.js';

/** How a server may answer. cyrusmapd says `OK`, `NOTFOUND` and `TEMP`; treat all but the first two as `TEMP`. */
export type SocketmapStatus = 'OK' | 'NOTFOUND' | 'TEMP' | 'TIMEOUT' | 'PERM';

export type SocketmapReply = {
  readonly status: SocketmapStatus;
  /** The value with `OK`, which is never empty then; else the reason, for people. */
  readonly text: string;
};

/**
 * Why there is no answer. None of them says anything about the mailbox: defer then.
 *
 * - `unavailable`: nobody listens there, or the connection was closed twice while it was asked
 * - `timeout`: no answer in time
 * - `protocol`: what came is no reply of a socketmap
 * - `full`: as many lookups wait as may
 * - `closed`: after `close()` or `destroy()`
 * - `invalid`: an option, a map or a key that cannot be used
 */
export type SocketmapErrorCode = 'unavailable' | 'timeout' | 'protocol' | 'full' | 'closed' | 'invalid';

/** What is thrown and rejected with, but for a signal's own reason. */
export class SocketmapError extends Error {
  override readonly name: string = 'SocketmapError';
  readonly code: SocketmapErrorCode;

  constructor(code: SocketmapErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type SocketmapClientOptions = {
  /** The map that is asked where a lookup names none: `cyrus` by default. Has no space. */
  readonly map?: string | undefined;
  /** From `lookup` to its answer, connecting included: 1 to 600000 ms, 10000 by default. cyrusmapd itself answers within 5 s. */
  readonly timeoutMs?: number | undefined;
  /** How many lookups may wait for their answers: 1 to 1000000, 1000 by default. */
  readonly maxWaiting?: number | undefined;
};

export type SocketmapLookupOptions = {
  /** Instead of the client's own. */
  readonly map?: string | undefined;
  /** Where it aborts, the lookup is rejected with its reason; what the server still answers is dropped. */
  readonly signal?: AbortSignal | undefined;
};

/** Asked a second time, on a new connection, where the first one was closed meanwhile: as it is when a server starts anew. */
const ATTEMPTS = 2;
const MAX_TIMEOUT_MS = 600_000;
const MAX_WAITING = 1_000_000;

/** Asks one socketmap server over one connection. Lookups may be made at any time, without waiting for each other. */
export class SocketmapClient {
  readonly #endpoint: Endpoint;
  readonly #where: string;
  readonly #map: string;
  readonly #timeoutMs: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<OpenLookup>();
  #connecting: Promise<SocketmapConnection> | undefined;
  #connection: SocketmapConnection | undefined;
  #closed: Promise<void> | undefined;
  #emptied: () => void = () => undefined;

  /**
   * Does not connect yet.
   * @param endpoint as Sendmail writes it: `unix:/path`, `local:/path`, `inet:PORT@HOST`, `inet6:PORT@HOST`
   * @throws SocketmapError `invalid`
   */
  constructor(endpoint: string, options: SocketmapClientOptions = {}) {
    const { map = 'cyrus', timeoutMs = 10_000, maxWaiting = 1000 } = options;
    try {
      this.#endpoint = parseEndpoint(endpoint);
      this.#where = endpoint;
      this.#map = byteString('map', map);
      this.#timeoutMs = wholeNumber('timeoutMs', timeoutMs, MAX_TIMEOUT_MS);
      this.#maxWaiting = wholeNumber('maxWaiting', maxWaiting, MAX_WAITING);
    } catch (error) {
      throw errorOf(error);
    }
  }

  /**
   * Asks for one key, such as a recipient's address. Text is sent and read as UTF-8.
   * @returns what the server said, whatever it is
   * @throws SocketmapError where it said nothing
   */
  async lookup(key: string, options: SocketmapLookupOptions = {}): Promise<SocketmapReply> {
    const { map, signal } = options;
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    signal?.throwIfAborted();
    try {
      const lookup = this.#lookup(key, map, signal);
      void this.#ask(lookup);
      const { status, text } = await lookup.settled;
      return { status, text: textOf(text) };
    } catch (error) {
      throw signal?.aborted === true && error === signal.reason ? error : errorOf(error);
    }
  }

  /** Takes no more lookups, waits for the answers to those that were made, and closes the connection. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#emptied = () => {
        this.#connection?.close();
        resolve();
      };
      if (this.#waiting.size === 0) this.#emptied();
    });
    return this.#closed;
  }

  /** Closes the connection at once: lookups that wait are rejected with `closed`. */
  destroy(): void {
    void this.close();
    for (const lookup of this.#waiting) lookup.fail(this.#closedError());
    this.#connection?.close();
  }

  #refusal(): SocketmapError | undefined {
    if (this.#closed !== undefined) return this.#closedError();
    if (this.#waiting.size < this.#maxWaiting) return undefined;
    return new SocketmapError(
      'full',
      `${this.#waiting.size} lookups wait for ${this.#where}: that is maxWaiting`,
    );
  }

  /** Stays among those that wait until its place in the order of the replies is past, though it may be settled before. */
  async #ask(lookup: OpenLookup): Promise<void> {
    this.#waiting.add(lookup);
    for (let attempt = 1; lookup.isOpen(); attempt++) {
      let connection: SocketmapConnection | undefined;
      try {
        connection = await this.#connected();
        if (lookup.isOpen()) lookup.answer(await connection.lookup(lookup.map, lookup.key));
      } catch (error) {
        const broken = error instanceof ProtocolError;
        if (connection === undefined || broken || attempt === ATTEMPTS) lookup.fail(error);
      }
    }
    this.#waiting.delete(lookup);
    if (this.#waiting.size === 0) this.#emptied();
  }

  async #connected(): Promise<SocketmapConnection> {
    if (this.#connection?.ended === false) return this.#connection;
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<SocketmapConnection> {
    try {
      this.#connection = await SocketmapConnection.connect(this.#endpoint, this.#timeoutMs);
      return this.#connection;
    } finally {
      this.#connecting = undefined;
    }
  }

  #lookup(key: string, map: string | undefined, signal: AbortSignal | undefined): OpenLookup {
    const bytes = map === undefined ? this.#map : byteString('map', map);
    return new OpenLookup(bytes, byteString('key', key), this.#where, this.#timeoutMs, signal);
  }

  #closedError(): SocketmapError {
    return new SocketmapError('closed', `the client of ${this.#where} was closed`);
  }
}

function errorOf(error: unknown): SocketmapError {
  if (error instanceof SocketmapError) return error;
  return new SocketmapError(codeOf(error), messageOf(error), { cause: error });
}

function codeOf(error: unknown): SocketmapErrorCode {
  if (error instanceof ConfigError) return 'invalid';
  if (error instanceof DeadlineError) return 'timeout';
  return error instanceof ProtocolError ? 'protocol' : 'unavailable';
}
