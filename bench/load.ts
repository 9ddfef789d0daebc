// The load generator for machines without a C compiler: options, conversation and result are those of bench/load.c, see there.
// It needs more CPU time than a hit does, so a server can do at least what it measures.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Histogram } from './histogram.js';
import { readOptions, toRequest, type LoadOptions, type LoadRequest } from './load-options.js';

const SESSION_LOOKUPS = 3;
const DRAIN_MS = 10_000;
const NOT_FOUND = 'NOTFOUND Mailbox does not exist';

/** Does one run. @param input a line begins the run, the end of the input closes the connections */
export async function generateLoad(
  args: readonly string[],
  input: Readable,
  output: Writable,
): Promise<void> {
  const run = new Run(readOptions(args));
  const lines = createInterface({ input })[Symbol.asyncIterator]();
  await run.open();
  output.write('ready\n');
  await lines.next();
  output.write(`${JSON.stringify(await run.measure())}\n`);
  while ((await lines.next()).done !== true) continue;
  run.close();
}

class Slot {
  socket: Socket | undefined;
  asked: LoadRequest | undefined;
  /** The time from which its latency counts. */
  since = 0;
  answered = 0;
  received = '';
}

class Run {
  readonly #options: LoadOptions;
  readonly #busy: Slot[];
  readonly #idle: Socket[] = [];
  /** Connections that are free; they are used in turn. */
  readonly #unused: Slot[] = [];
  #unusedSince = 0;
  readonly #latency = new Histogram();
  readonly #lag = new Histogram();
  readonly #random: () => number;
  readonly #counts = { lookups: 0, lookupsInTime: 0, sessions: 0, wrong: 0, lost: 0 };
  #wrongExample = '';
  #waiting = 0;
  #next = 0;
  #issued = 0;
  #invented = 0;
  #started = 0;
  #ends = 0;
  #finish: () => void = () => undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#busy = Array.from({ length: options.connections }, () => new Slot());
    this.#random = randomFrom(options.seed);
  }

  async open(): Promise<void> {
    if (this.#options.mode !== 'session') for (const slot of this.#busy) await this.#connect(slot);
    for (let i = 0; i < this.#options.idle; i++) this.#idle.push(await this.#useOnce());
  }

  async measure(): Promise<object> {
    const { mode, connections, idle, seconds } = this.#options;
    const cpu = process.cpuUsage();
    const finished = new Promise<void>((resolve) => (this.#finish = resolve));
    this.#started = performance.now();
    this.#ends = this.#started + seconds * 1000;
    const giveUp = setTimeout(() => this.#finish(), seconds * 1000 + DRAIN_MS);
    for (const slot of this.#busy) this.#begin(slot);
    if (mode === 'open') this.#issue();
    await finished;
    clearTimeout(giveUp);
    const until = mode === 'once' || mode === 'burst' ? performance.now() : this.#ends;
    const used = process.cpuUsage(cpu);
    return {
      ...this.#counts,
      ...(mode === 'once' ? { lookupsInTime: this.#counts.lookups } : {}),
      mode,
      connections,
      idle,
      seconds: (until - this.#started) / 1000,
      wrongExample: this.#wrongExample,
      unanswered: this.#waiting,
      cpuSeconds: (used.user + used.system) / 1e6,
      latency: this.#latency.buckets(),
      lag: this.#lag.buckets(),
    };
  }

  close(): void {
    this.#ends = 0;
    for (const socket of [...this.#busy.map((slot) => slot.socket), ...this.#idle]) socket?.destroy();
  }

  #begin(slot: Slot): void {
    const { mode, requests } = this.#options;
    if (mode === 'open') this.#putUnused(slot, this.#started);
    else if (mode === 'session') void this.#beginSession(slot);
    else if (mode !== 'once' || this.#next < requests.length) this.#ask(slot, performance.now());
  }

  async #beginSession(slot: Slot): Promise<void> {
    const since = performance.now();
    slot.answered = 0;
    await this.#connect(slot);
    this.#ask(slot, since);
  }

  async #connect(slot: Slot): Promise<void> {
    const socket = await connectTo(this.#options.socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => this.#receive(slot, chunk.toString('latin1')));
    socket.on('close', () => this.#closed(slot, socket));
    slot.socket = socket;
  }

  /** Uses an idle connection once, as an SMTP session does before it goes on with DATA. */
  async #useOnce(): Promise<Socket> {
    const request = this.#requestAt(0);
    const socket = await connectTo(this.#options.socket);
    socket.write(request.bytes, 'latin1');
    const data: unknown[] = await once(socket, 'data');
    const reply = String(data[0]);
    if (reply !== request.reply) throw new Error(`${request.bytes} was answered ${reply}`);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#counts.lost++);
    return socket;
  }

  #ask(slot: Slot, since: number): void {
    const request = this.#choose();
    slot.asked = request;
    slot.since = since;
    slot.received = '';
    this.#waiting++;
    slot.socket?.write(request.bytes, 'latin1');
  }

  #choose(): LoadRequest {
    const { mode, requests, unknownShare } = this.#options;
    if (mode === 'once') return this.#requestAt(this.#next++);
    if (mode === 'burst') return this.#requestAt(this.#next);
    if (unknownShare > 0 && this.#random() < unknownShare) return this.#invent();
    return this.#requestAt(Math.floor(this.#random() * requests.length));
  }

  #requestAt(index: number): LoadRequest {
    const request = this.#options.requests[index];
    if (request === undefined) throw new RangeError(`there is no request ${index}`);
    return request;
  }

  /** Makes up a name that nobody asked for before, if each run has another seed. */
  #invent(): LoadRequest {
    const { seed, unknownDomain } = this.#options;
    const number = (this.#invented++).toString(16).padStart(7, '0');
    return toRequest(`x${(seed >>> 0).toString(16).padStart(8, '0')}${number}@${unknownDomain}`, NOT_FOUND);
  }

  #receive(slot: Slot, text: string): void {
    const { asked } = slot;
    slot.received += text;
    if (slot.received.length < (asked?.reply.length ?? 0) && asked?.reply.startsWith(slot.received)) return;
    if (slot.received !== asked?.reply) this.#noteWrong(slot);
    if (asked === undefined) return;
    const now = performance.now();
    slot.asked = undefined;
    this.#waiting--;
    this.#counts.lookups++;
    if (now <= this.#ends) this.#counts.lookupsInTime++;
    if (this.#options.mode !== 'session') this.#latency.record((now - slot.since) * 1e6);
    this.#goOn(slot, now);
    this.#checkFinished(now);
  }

  #noteWrong(slot: Slot): void {
    if (this.#counts.wrong++ > 0) return;
    const said = `${slot.asked?.bytes ?? 'nothing'} was answered ${slot.received}`;
    this.#wrongExample = said.replace(/[^ -~]|["\\]/g, '?').slice(0, 400);
  }

  #goOn(slot: Slot, now: number): void {
    const { mode, requests } = this.#options;
    const more = now < this.#ends;
    switch (mode) {
      case 'closed':
        if (more) this.#ask(slot, now);
        return;
      case 'once':
        if (this.#next < requests.length) this.#ask(slot, now);
        return;
      case 'open':
        this.#putUnused(slot, now);
        return;
      case 'session':
        this.#goOnWithSession(slot, now, more);
        return;
      case 'burst':
        if (this.#waiting > 0 || !more || ++this.#next === requests.length) return;
        for (const each of this.#busy) this.#ask(each, now);
        return;
    }
  }

  #putUnused(slot: Slot, now: number): void {
    if (this.#unused.length === 0) this.#unusedSince = now;
    this.#unused.push(slot);
  }

  #goOnWithSession(slot: Slot, now: number, more: boolean): void {
    if (++slot.answered < SESSION_LOOKUPS) {
      this.#ask(slot, slot.since);
      return;
    }
    if (more) this.#counts.sessions++;
    this.#latency.record((now - slot.since) * 1e6);
    const { socket } = slot;
    slot.socket = undefined;
    socket?.destroy();
    if (more) void this.#beginSession(slot);
  }

  /** The open loop sends what is due, and comes back at once. It does not wait by a timer, which would be late itself. */
  #issue(): void {
    const { rate } = this.#options;
    for (;;) {
      const due = this.#started + (this.#issued * 1000) / rate;
      const now = performance.now();
      if (due >= this.#ends) return;
      const slot = due <= now ? this.#unused.shift() : undefined;
      if (slot === undefined) {
        setImmediate(() => this.#issue());
        return;
      }
      // Only the generator's own lateness counts: a request that waits for a connection waits because of the server.
      this.#lag.record((now - Math.max(due, this.#unusedSince)) * 1e6);
      this.#issued++;
      this.#ask(slot, due);
    }
  }

  #checkFinished(now: number): void {
    const { mode, rate } = this.#options;
    if (this.#waiting > 0) return;
    if (mode === 'open' && this.#started + (this.#issued * 1000) / rate < this.#ends) return;
    if (mode === 'session' && now < this.#ends) return;
    this.#finish();
  }

  #closed(slot: Slot, socket: Socket): void {
    if (slot.socket !== socket || this.#ends === 0) return;
    this.#counts.lost++;
    slot.socket = undefined;
    if (slot.asked !== undefined) this.#waiting--;
    slot.asked = undefined;
    this.#checkFinished(performance.now());
  }
}

/** Connects; tries again while the listener's queue is full. */
async function connectTo(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
    await sleep(1);
  }
}

/** The random numbers of Park and Miller: good enough to choose mailboxes, and the same each time. */
function randomFrom(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generateLoad(process.argv.slice(2), process.stdin, process.stdout);
}
