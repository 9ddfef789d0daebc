// The running daemon as its successor sees it, over its control socket: what it is, and what it says while it hands over. I/O
// by the client of the control socket.
import { lstatSync } from 'node:fs';
import { ControlClient } from '../admin/client.js';
import type { Standing } from '../admin/operations.js';
import { ProtocolError, UnavailableError, codeOf } from '../errors.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Inode, Succession } from '../net/socket-place.js';

/** How long an answer may take: short, since it tells only what it has in memory. */
const ANSWER_TIMEOUT_MS = 5_000;

export type Running = {
  readonly pid: number;
  readonly version: string;
  readonly config: string;
  /** The file of the control socket that answered. */
  readonly control: Inode | undefined;
  /** The names of the back-channels that it can ask. */
  readonly up: ReadonlySet<string>;
  /** What a release that knows of takeovers tells of itself; undefined for an older release. */
  readonly standing: Standing | undefined;
  readonly node: string;
};

export type Connected = { readonly connections: number; readonly lingering: number };

export class Predecessor {
  readonly #client: ControlClient;
  readonly running: Running;

  private constructor(client: ControlClient, running: Running) {
    this.#client = client;
    this.running = running;
  }

  /**
   * @returns undefined where no daemon listens there
   * @throws UnavailableError where one does that gives no answer, or may not be asked
   */
  static async find(control: Extract<Endpoint, { kind: 'unix' }>): Promise<Predecessor | undefined> {
    const client = new ControlClient(control, ANSWER_TIMEOUT_MS);
    const found = lstatSync(control.path, { bigint: true, throwIfNoEntry: false });
    try {
      const version = fieldsOf(await client.json('GET', '/version'));
      const stats = fieldsOf(await client.json('GET', '/stats'));
      return new Predecessor(client, {
        pid: numberOf(version, 'pid'),
        version: String(version.get('version')),
        node: String(version.get('node')),
        config: String(version.get('config')),
        control: found,
        up: upOf(stats.get('backchannels')),
        standing: await standingOf(client),
      });
    } catch (error) {
      const code = error instanceof UnavailableError ? codeOf(error.cause) : undefined;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
      throw error;
    }
  }

  /**
   * Asks it to give its places to the sockets that wait beside them. Each line is what it says of that. A reader that stops
   * before the last line gives everything back to it.
   * @throws UnavailableError where it refuses, or ends meanwhile
   */
  async *handOver(
    pid: number,
    successions: readonly Succession[],
  ): AsyncGenerator<ReadonlyMap<string, unknown>> {
    const query = new URLSearchParams({ pid: String(pid) });
    for (const { place, bound } of successions) {
      query.append('place', place);
      query.append('bound', bound);
    }
    try {
      for await (const line of this.#client.lines(`/takeover?${query.toString()}`, 'POST'))
        yield fieldsOf(JSON.parse(line));
    } catch (error) {
      if (error instanceof ProtocolError) throw new UnavailableError(error.message, { cause: error });
      throw error;
    }
  }
}

/** How many are connected to the daemon there. @throws UnavailableError, ProtocolError where it does not say */
export async function connectedTo(control: Endpoint): Promise<Connected> {
  const stats = fieldsOf(await new ControlClient(control, ANSWER_TIMEOUT_MS).json('GET', '/stats'));
  return { connections: numberOf(stats, 'connections'), lingering: numberOf(stats, 'lingering') };
}

async function standingOf(client: ControlClient): Promise<Running['standing']> {
  try {
    const standing = fieldsOf(await client.json('GET', '/takeover'));
    const [listeners, program, watchdog] = ['listeners', 'program', 'watchdog'].map((each) =>
      standing.get(each),
    );
    return {
      listeners: Array.isArray(listeners) ? listeners.map(String) : [],
      sharesPorts: standing.get('sharesPorts') === true,
      program: typeof program === 'string' ? program : '',
      taking: standing.get('taking') === true,
      witnesses: witnessesOf(standing.get('witnesses')),
      ...(typeof watchdog === 'string' && { watchdog }),
    };
  } catch (error) {
    if (error instanceof ProtocolError && error.message === 'no such path') return undefined;
    throw error;
  }
}

/** A release that knows nothing of them tells none. */
function witnessesOf(told: unknown): Standing['witnesses'] {
  if (typeof told !== 'object' || told === null) return {};
  return Object.fromEntries(
    Object.entries(told).map(([name, addresses]) => [
      name,
      Array.isArray(addresses) ? addresses.map(String) : [],
    ]),
  );
}

function upOf(backchannels: unknown): ReadonlySet<string> {
  const all = Array.isArray(backchannels) ? backchannels.map(fieldsOf) : [];
  return new Set(all.filter((each) => each.get('state') === 'up').map((each) => String(each.get('name'))));
}

function numberOf(fields: ReadonlyMap<string, unknown>, name: string): number {
  const value = fields.get(name);
  if (typeof value !== 'number') throw new ProtocolError(`the running daemon tells no ${name}`);
  return value;
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ProtocolError('the running daemon answered with something else than was asked for');
  return new Map(Object.entries(value));
}
