// The new process at a takeover: everything is checked while the old one serves; then its sockets pass, and what it knows. A
// step that fails leaves the old one as it was. I/O by what it opens and asks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { ConfigError, UnavailableError, messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/takeover.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Listener } from '../net/listener.js';
import { controlOf } from './admin.js';
import { Daemon } from './daemon.js';
import { restoreLine } from './known-lines.js';
import { now } from './in-force.js';
import { OlderRelease } from './older-release.js';
import { Predecessor } from './predecessor.js';
import { lookupName, refuseWhatCannotPass } from './takeover-checks.js';

/** How long the old process may take to get its places back before we close our sockets. */
const GIVEN_BACK_WITHIN_MS = 2_000;
const POLL_MS = 10;

/**
 * Starts a daemon in the place of the one that runs; where none runs, it is a usual start.
 * @throws ConfigError, UnavailableError as Daemon.start() does, and where the old one does not hand over: then that one goes on
 */
export async function takeOver(config: Config, log: Log, confChanged: () => void): Promise<Daemon> {
  const control = controlOf(config);
  if (control === undefined)
    throw new ConfigError(
      '--takeover asks the running daemon over its control socket: admin.listen is not set',
    );
  const predecessor = await Predecessor.find(control);
  if (predecessor === undefined) return Daemon.start(config, log, confChanged);
  try {
    refuseWhatCannotPass(config, predecessor.running);
    return await new Takeover(config, log, predecessor, control).run(confChanged);
  } catch (error) {
    verbs.takeoverRefused(log, { pid: predecessor.running.pid, reason: messageOf(error) });
    throw error;
  }
}

class Takeover {
  readonly #config: Config;
  readonly #log: Log;
  readonly #predecessor: Predecessor;
  readonly #control: Extract<Endpoint, { kind: 'unix' }>;

  constructor(
    config: Config,
    log: Log,
    predecessor: Predecessor,
    control: Extract<Endpoint, { kind: 'unix' }>,
  ) {
    this.#config = config;
    this.#log = log;
    this.#predecessor = predecessor;
    this.#control = control;
  }

  async run(confChanged: () => void): Promise<Daemon> {
    const { running } = this.#predecessor;
    let told = (): void => undefined;
    const known = new Promise<void>((resolve) => (told = resolve));
    const restored = running.standing === undefined ? undefined : known;
    const daemon = await Daemon.start(this.#config, this.#log, confChanged, { restored });
    daemon.learnAgain(running.standing?.witnesses ?? {});
    try {
      await lookupName(daemon, this.#config, running);
      if (running.standing === undefined) this.#fromOlder(daemon);
      else await this.#handedOver(daemon, told);
    } catch (error) {
      told();
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  #fromOlder(daemon: Daemon): void {
    const older = OlderRelease.replace(waiting(daemon), this.#control, this.#predecessor.running);
    for (const place of daemon.places) place.look();
    this.#tell(daemon);
    const { socketmap, events } = this.#config;
    const graceMs = events === undefined ? socketmap.takeoverGraceMs : 0;
    daemon.alongside(
      older,
      older.servesOn(graceMs, now).then(() => this.#complete(daemon, undefined)),
    );
  }

  /** Resolves when the places have passed. What the old one knows comes while we serve already. */
  async #handedOver(daemon: Daemon, told: () => void): Promise<void> {
    const lines = this.#predecessor.handOver(process.pid, waiting(daemon));
    try {
      const first = await lines.next();
      if (first.done === true || first.value.get('taken') !== true)
        throw new UnavailableError('the running daemon does not say that it hands over');
      if (!daemon.places.every((place) => place.look()))
        throw new UnavailableError('another process has come in between');
      await daemon.openPorts();
    } catch (error) {
      await lines.return(undefined);
      await givenBack(daemon.places);
      throw error;
    }
    this.#tell(daemon);
    const end = this.#hear(daemon, lines).finally(told);
    daemon.alongside(
      undefined,
      end.then((mailboxes) => this.#complete(daemon, mailboxes)),
    );
  }

  /** Listens to the old process until its last word, or until it is gone. @returns how many mailboxes it knew */
  async #hear(daemon: Daemon, lines: AsyncGenerator<ReadonlyMap<string, unknown>>): Promise<number> {
    const snapshot = daemon.beginSnapshot();
    try {
      for await (const line of lines) {
        const known = line.get('known');
        for (const each of Array.isArray(known) ? known : [])
          restoreLine(String(each), snapshot, { now, wallClock: Date.now });
      }
    } catch {
      // Where it ended before its last word, we have its places all the same, and believe nothing of what it knew.
    } finally {
      snapshot.abandon();
    }
    return snapshot.size;
  }

  #tell({ connections }: Daemon): void {
    verbs.takeover(this.#log, { role: 'successor', pid: this.#predecessor.running.pid, connections });
  }

  async #complete(daemon: Daemon, mailboxes: number | undefined): Promise<void> {
    verbs.takeoverComplete(this.#log, { pid: this.#predecessor.running.pid, mailboxes });
    try {
      await daemon.settle();
    } catch (error) {
      verbs.noHttp(this.#log, { error: messageOf(error) });
    }
  }
}

function waiting(daemon: Daemon): NonNullable<Listener['succession']>[] {
  return daemon.places.flatMap(({ succession }) => succession ?? []);
}

/** Whoever connects meanwhile must find somebody: us, or again the old one. */
async function givenBack(places: readonly Listener[]): Promise<void> {
  const until = now() + GIVEN_BACK_WITHIN_MS;
  const waits = places.filter(({ succession }) => succession !== undefined);
  while (waits.some((place) => place.look()) && now() < until) await sleep(POLL_MS);
}
