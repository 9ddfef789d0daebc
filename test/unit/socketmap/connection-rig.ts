// One connection of the front on a socket without a kernel, with what a server gives to it: its clock is turned by hand, and its
// lookups are answered by hand.
import type { Socket } from 'node:net';
import { ClientConnection } from '../../../src/socketmap/client-connection.js';
import { Closings } from '../../../src/socketmap/closing-log.js';
import { newCounters } from '../../../src/socketmap/counters.js';
import { SOCKETMAP, type Dialect } from '../../../src/socketmap/dialect.js';
import { Drips } from '../../../src/socketmap/drips.js';
import { handlersFor } from '../../../src/socketmap/handlers.js';
import type { Arrival } from '../../../src/socketmap/inbox.js';
import { DEFAULT_LIMITS, type ServerLimits } from '../../../src/socketmap/limits.js';
import { Lingering } from '../../../src/socketmap/lingering.js';
import type { Shared } from '../../../src/socketmap/shared.js';
import { StallWatch } from '../../../src/socketmap/stall-watch.js';
import { Turns } from '../../../src/socketmap/turns.js';
import { encodeNetstring } from '../../../src/socketmap/netstring.js';
import type { Asker } from '../../../src/validation/probe.js';
import type { Reply } from '../../../src/validation/verdict.js';
import { recordingLog } from '../recording-log.js';
import { HandSocket } from './hand-socket.js';

/** The time at which each rig begins. */
export const START = 1_000_000;

type Question = {
  readonly key: string;
  readonly asker: Asker | undefined;
  readonly waitedMs: number | undefined;
  readonly messageBytes: number | undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
};

export type RigOptions = {
  readonly limits?: Partial<ServerLimits>;
  readonly dialect?: Dialect;
  /** Since when it may have been connected, if it waited to be accepted. */
  readonly connected?: Arrival;
  /** Whether what is read is overwritten by what is read next, as in the shared buffer; otherwise each piece has its own. */
  readonly inPlace?: boolean;
};

export class ConnectionRig {
  now = START;
  readonly socket = new HandSocket();
  readonly lines: object[];
  readonly questions: Question[] = [];
  readonly shared: Shared;
  readonly lingering: Lingering;
  readonly connection: ClientConnection;
  /** How often the server heard that the connection is ended, and that one is closed. */
  ends = 0;
  closes = 0;
  readonly #connections = new Map<Socket, ClientConnection>();

  constructor({ limits = {}, dialect = SOCKETMAP, connected, inPlace = true }: RigOptions = {}) {
    const { log, lines } = recordingLog();
    this.lines = lines;
    const all = { ...DEFAULT_LIMITS, ...limits };
    const closings = new Closings(log);
    const clocks = { now: () => this.now, wallClock: () => 0 };
    this.lingering = new Lingering(all);
    this.shared = {
      lookup: {
        answerNow: (_map, key) => {
          if (key === 'throws') throw new TypeError('a mistake of ours');
          return key.startsWith('later') ? undefined : { status: 'OK', text: key };
        },
        answerLater: (_map, key, asker, waitedMs, messageBytes) =>
          new Promise((resolve, reject) =>
            this.questions.push({ key, asker, waitedMs, messageBytes, resolve, reject }),
          ),
      },
      dialect,
      limits: all,
      counters: newCounters(closings.counts),
      closings,
      watch: new StallWatch(clocks, all.stallLimitMs, () => this.connection.abandon(this.now)),
      turns: new Turns(clocks.now),
      drips: new Drips(clocks.now),
      now: clocks.now,
      ended: (socket) => {
        this.ends += 1;
        this.#connections.delete(socket);
        this.lingering.add(socket, this.now);
      },
      draining: false,
      askedBytes: 0,
    };
    this.shared.counters.accepted = 7;
    this.connection = new ClientConnection(this.socket, 'unix:/s', this.shared, connected);
    this.#connections.set(this.socket, this.connection);
    const handlers = handlersFor(this.#connections, this.lingering, () => (this.closes += 1));
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => {
      if (!inPlace) return handlers.data.call(socket, chunk);
      const room = Buffer.concat([chunk, Buffer.from('1:x,')]);
      handlers.read.call(socket, chunk.length, room);
      room.fill('overwritten by what is read next,');
    });
    socket.on('end', () => handlers.end.call(socket));
    socket.on('drain', () => handlers.drain.call(socket));
    socket.on('error', () => handlers.error());
    socket.on('close', () => handlers.close.call(socket));
  }

  /** Whether the server still serves it. */
  get served(): boolean {
    return this.#connections.has(this.socket);
  }

  get asked(): string[] {
    return this.questions.map(({ key }) => key);
  }

  /** The peer sends so much, and it is read and served. */
  async send(bytes: string): Promise<void> {
    this.socket.receive(bytes);
    await turns();
  }

  async sendFin(): Promise<void> {
    this.socket.receiveFin();
    await turns();
  }

  /** Cyrus answers some of what was asked. */
  async answer(...keys: string[]): Promise<void> {
    for (const key of keys) this.question(key).resolve({ status: 'OK', text: key });
    await turns();
  }

  question(key: string): Question {
    const question = this.questions.find((each) => each.key === key);
    if (question === undefined) throw new Error(`${key} was not asked`);
    return question;
  }

  /** Time passes as it does, and each second of it the connection is judged, while it is served. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      this.now += Math.min(left, 1000);
      this.shared.watch.tick(this.now);
      if (this.served) this.connection.sweep(this.now);
    }
    await turns();
  }

  /** How often connections were closed for this reason. */
  closed(reason: keyof Shared['counters']['closed']): number {
    return this.shared.counters.closed[reason];
  }
}

/** A few turns of the event loop, in which whatever is under way is done. */
export async function turns(count = 4): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

export function request(key: string): string {
  return encodeNetstring(`cyrus ${key}`);
}

export function ok(...keys: string[]): string {
  return keys.map((key) => encodeNetstring(`OK ${key}`)).join('');
}

/** Each time limit is another one, so that a test tells them apart. */
const LIMITS = {
  idleTimeoutMs: 60_000,
  requestTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  answerWithinMs: 29_000,
  stallLimitMs: 25_000,
};

/** With these limits. */
export function limitedRig(options: RigOptions = {}): ConnectionRig {
  return new ConnectionRig({ ...options, limits: { ...LIMITS, ...options.limits } });
}

/** Ended by us, without a word; and not closed, unless the peer has ended it too. */
export function endedSilently({ socket, served }: ConnectionRig): boolean {
  return socket.sent === '' && socket.finSent && socket.destroyed === socket.readableEnded && !served;
}
