// The old process at a takeover. The names of its sockets pass to its successor in one turn of the event loop; from then on it
// believes no remembered answer that rests on events, since these go to the successor. If the successor ends before it is done,
// the old process takes everything back.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { TakeoverRequest } from '../admin/operations.js';
import type { Events } from '../cyrus/events/events.js';
import type { Fleet } from '../fleet/fleet.js';
import { UnavailableError, messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/takeover.js';
import type { Listener } from '../net/listener.js';
import { Exchange } from '../net/socket-place.js';
import type { SocketmapServer } from '../socketmap/server.js';
import type { VerdictCache } from '../validation/verdict-cache.js';
import { knownLines, type Clocks } from './known-lines.js';
import type { WarmStart } from './warm-start.js';

/** Within so long, whoever looked up the name of a socket before it passed has connected. */
const SETTLED_MS = 1_000;
const POLL_MS = 50;

/** The state of the old process: `serving` where nobody takes over, also after a takeover that was given up. */
export type HandingState = 'handing' | 'serving' | 'retired';

export type HandOverParts = {
  readonly servers: readonly SocketmapServer[];
  readonly events: Events | undefined;
  readonly fleet: Fleet | undefined;
  readonly warmStart: WarmStart | undefined;
  readonly cache: VerdictCache;
  readonly log: Log;
  readonly clocks: Clocks;
  /** All listeners that have a name in the file system. */
  readonly places: readonly Listener[];
  /** Called when the takeover is final: whatever only one process can have is to be given up. */
  readonly retire: () => void;
  /** Called when a takeover has begun, was undone, or is final. */
  readonly changed: (state: HandingState) => void;
};

export class HandOver {
  readonly #request: TakeoverRequest;
  readonly #parts: HandOverParts;
  readonly #exchange: Exchange;
  readonly #saved: Promise<void> | undefined;
  #state: 'handing' | 'undone' | 'retired' = 'handing';

  /** @throws UnavailableError where it cannot be; then nothing has changed */
  static async begin(request: TakeoverRequest, parts: HandOverParts): Promise<HandOver> {
    const spares = new Map<string, string>();
    try {
      for (const { place } of request.places) {
        const ours = parts.places.find(({ endpoint }) => endpoint.kind === 'unix' && endpoint.path === place);
        if (ours?.look() !== true) throw new UnavailableError(`unix:${place} is not a socket of mine`);
        spares.set(place, await ours.prepare());
      }
      return new HandOver(request, parts, spares);
    } catch (error) {
      for (const place of parts.places) place.settle();
      if (error instanceof UnavailableError) throw error;
      throw new UnavailableError(`the sockets cannot be exchanged: ${messageOf(error)}`, { cause: error });
    }
  }

  private constructor(request: TakeoverRequest, parts: HandOverParts, spares: ReadonlyMap<string, string>) {
    const { events, fleet, warmStart, servers, log } = parts;
    this.#request = request;
    this.#parts = parts;
    // From here on nothing waits, so that no answer is given in between.
    this.#exchange = Exchange.make(request.places, spares);
    events?.proof.suspend();
    fleet?.suspend();
    this.#saved = warmStart?.suspend();
    parts.changed('handing');
    verbs.takeover(log, { role: 'predecessor', pid: request.pid, connections: connectionsOf(servers) });
  }

  /** What the successor is told: that it has the sockets, then what is known, and at last that nothing more comes from here. */
  async *lines(): AsyncGenerator<readonly object[]> {
    const { cache, clocks, servers } = this.#parts;
    yield [{ taken: true, connections: connectionsOf(servers) }];
    for (const known of knownLines(cache, clocks)) {
      yield [{ known }];
      await nextTurn();
    }
    await this.#saved;
    await this.#quiet();
    if (this.#state !== 'handing') return;
    await this.#retire();
    yield [{ retired: true }];
  }

  /** The successor is gone: everything is taken back, unless it had been told the end already. */
  abandon(): void {
    if (this.#state !== 'handing') return;
    this.#state = 'undone';
    const { events, fleet, warmStart, places, clocks, changed, log } = this.#parts;
    this.#exchange.undo();
    for (const place of places) place.resettle();
    events?.proof.resume(clocks.now());
    fleet?.resume();
    warmStart?.resume();
    changed('serving');
    verbs.takeoverUndone(log, { pid: this.#request.pid });
  }

  /** Waits until whoever came by the old names is accepted, and no event is under way here any more. */
  async #quiet(): Promise<void> {
    const { events, clocks } = this.#parts;
    let since = clocks.now();
    while (this.#state === 'handing' && clocks.now() - since < SETTLED_MS) {
      await sleep(POLL_MS);
      if (events !== undefined && events.receiver.size > 0) since = clocks.now();
    }
  }

  async #retire(): Promise<void> {
    const { servers, places, clocks, retire, changed } = this.#parts;
    this.#state = 'retired';
    changed('retired');
    for (const place of places) {
      place.settle();
      // A name that still leads to us would soon lead to nobody, so it is removed.
      place.vacate();
    }
    retire();
    for (const { listeners } of servers) await listeners.closePorts(clocks.now);
  }
}

/** Serves the last connections until their peers have gone, or the time is over. */
export async function lastOnesServed(
  servers: readonly SocketmapServer[],
  graceMs: number,
  now: () => number,
): Promise<void> {
  const until = now() + graceMs;
  for (;;) {
    await sleep(SETTLED_MS, undefined, { ref: false });
    const lingering = servers.some((each) => each.lingering > 0);
    if ((connectionsOf(servers) === 0 && !lingering) || now() >= until) return;
  }
}

function connectionsOf(servers: readonly SocketmapServer[]): number {
  return servers.reduce((sum, { connections }) => sum + connections, 0);
}
