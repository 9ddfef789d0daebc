// A socketmap server over real sockets for the tests: its lookups are answered by hand, its clock is turned by hand,
// and its peers are plain sockets. Everything is closed after each test.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { parseEndpoint, type Endpoint } from '../../src/net/endpoint.js';
import { silentLog, type Log } from '../../src/log/log.js';
import type { Lookup } from '../../src/socketmap/lookup.js';
import { encodeNetstring } from '../../src/socketmap/netstring.js';
import type { ServerOptions } from '../../src/socketmap/server-options.js';
import { SocketmapServer } from '../../src/socketmap/server.js';
import type { Asker } from '../../src/validation/probe.js';
import type { Reply } from '../../src/validation/verdict.js';

const closers = new Set<() => void | Promise<void>>();
afterEach(async () => {
  const all = [...closers].reverse();
  // What cannot be closed is left, so that it does not fail the next test too.
  closers.clear();
  const failures: unknown[] = [];
  for (const close of all) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
});

/** Runs after the test. */
export function afterwards(close: () => void | Promise<void>): void {
  closers.add(close);
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'socketmap-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

/**
 * Keys that begin with `no` are unknown, those that begin with `later` are asked for and wait for answer(), all others
 * are deliverable.
 */
export class HandLookup implements Lookup {
  readonly asked: string[] = [];
  /** For whom each was asked. */
  readonly askers: (Asker | undefined)[] = [];
  readonly #open = new Map<string, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  readonly #watchers: (() => void)[] = [];

  answerNow(_map: string, key: string): Reply | undefined {
    if (key === 'throws') throw new TypeError('a mistake of ours');
    if (key.startsWith('later')) return undefined;
    return replyTo(key);
  }

  answerLater(_map: string, key: string, asker?: Asker): Promise<Reply> {
    this.asked.push(key);
    this.askers.push(asker);
    for (const notify of this.#watchers.splice(0)) notify();
    return new Promise((resolve, reject) => this.#open.set(key, { resolve, reject }));
  }

  /** Resolves when that many have been asked for, since the beginning. */
  async hasAsked(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  answer(...keys: string[]): void {
    for (const key of keys) this.#open.get(key)?.resolve(replyTo(key));
  }

  fail(key: string): void {
    this.#open.get(key)?.reject(new TypeError('a mistake of ours'));
  }
}

function replyTo(key: string): Reply {
  return key.startsWith('no')
    ? { status: 'NOTFOUND', text: 'Mailbox does not exist' }
    : { status: 'OK', text: key };
}

export function request(key: string, map = 'cyrus'): string {
  return encodeNetstring(`${map} ${key}`);
}

/** What comes back for such a key. */
export function reply(key: string): string {
  const { status, text } = replyTo(key);
  return encodeNetstring(`${status} ${text}`);
}

export type Line = { readonly level: string; readonly message: unknown; readonly fields: object };

export type Rig = {
  readonly server: SocketmapServer;
  readonly lookup: HandLookup;
  readonly lines: Line[];
  readonly endpoint: Endpoint;
  /** Lets time pass as it does: the server sweeps every second of it. */
  readonly pass: (ms: number) => void;
  /** Lets the process stand still: time passes and nothing runs. */
  readonly standStill: (ms: number) => void;
  /** Lets the whole machine stand still: only the time of day tells, afterwards. */
  readonly pauseMachine: (ms: number) => void;
  /** Lets the kernel say that a queue of TCP connections has overflowed. */
  readonly overflow: () => void;
  readonly connect: () => Promise<Peer>;
};

/** @param listen by default a UNIX socket in a temporary folder */
export async function startRig(options: Partial<ServerOptions> = {}, listen?: string): Promise<Rig> {
  let now = 1_000_000;
  let wall = 1_000_000_000_000;
  let overflows = 0;
  const lookup = new HandLookup();
  const lines: Line[] = [];
  const text = listen ?? `unix:${join(temporaryFolder(), 's')}`;
  const server = await SocketmapServer.listen([parseEndpoint(text)], options, {
    lookup,
    log: recordingLog(lines),
    now: () => now,
    wallClock: () => wall,
    overflows: () => overflows,
  });
  afterwards(() => server.stop(0));
  const [endpoint] = server.endpoints;
  if (endpoint === undefined) throw new Error('listens nowhere');
  return {
    server,
    lookup,
    lines,
    endpoint,
    pass(ms) {
      for (let left = ms; left > 0; left -= 1000) {
        now += Math.min(left, 1000);
        server.sweep();
      }
    },
    pauseMachine(ms) {
      wall += ms;
    },
    standStill(ms) {
      now += ms;
    },
    overflow() {
      overflows += 1;
    },
    connect: () => Peer.connect(endpoint),
  };
}

export function recordingLog(lines: Line[]): Log {
  const at =
    (level: string) =>
    (line: object): void => {
      const { event: message, ...fields } = Object.assign({ event: '' }, line);
      lines.push({ level, message, fields });
    };
  return { ...silentLog, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A plain socket that collects what it is sent. */
export class Peer {
  readonly socket: Socket;
  received = '';
  /** How many pieces it came in: over UNIX sockets, how many writes. */
  pieces = 0;
  readonly #closed: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.pieces += 1;
    });
    const close = (): void => {
      socket.destroy();
    };
    afterwards(close);
    socket.once('close', () => closers.delete(close));
  }

  static async connect(endpoint: Endpoint): Promise<Peer> {
    const peer = new Peer(Peer.dial(endpoint));
    await once(peer.socket, 'connect');
    return peer;
  }

  static dial(endpoint: Endpoint): Socket {
    const at =
      endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
    return connect({ ...at, allowHalfOpen: true, noDelay: true });
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Resolves once so much was received that nothing is missing; what was, is for the caller to compare. */
  async receives(bytes: string): Promise<string> {
    while (this.received.length < bytes.length) await once(this.socket, 'data');
    return this.received;
  }

  /** Resolves when the server sent its FIN: with everything that it sent. */
  async ended(): Promise<string> {
    if (!this.socket.readableEnded) await once(this.socket, 'end');
    return this.received;
  }

  /** Resolves when both sides are closed, or the connection was reset: with everything that was received. */
  async closed(): Promise<string> {
    this.socket.once('end', () => this.socket.end());
    if (this.socket.readableEnded) this.socket.end();
    await this.#closed;
    return this.received;
  }
}

/** A few turns of the event loop, in which whatever is under way on local sockets arrives. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
