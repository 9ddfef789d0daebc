// When all mailboxes are listed: at the start, each interval, and at once after any sign that a change may have been
// missed. One list after the other; one that fails changes nothing, is told once, and is tried again.
import { messageOf, UnavailableError } from '../errors.js';
import type { Log } from '../log/log.js';
import type { Snapshot } from '../validation/snapshot.js';
import * as verbs from '../log/verbs/backchannels.js';

/** Who can list the mailboxes of some domains. */
export interface SnapshotSource {
  /** The back-channel's name. */
  readonly name: string;
  /** The mailboxes that must exist, as the cache keeps them; a list without one of them is not believed. */
  readonly canaries: readonly string[];
  /** The back-channels whose mailboxes it lists: itself, and those whose second it is. */
  readonly listsFor?: readonly string[];
  /**
   * Whether the list would hold the mailbox if it existed.
   * @param holder the name of the back-channel by whose word it is known; undefined where it must be listed
   */
  covers(mailbox: string, holder?: string): boolean;
  /** Gives each mailbox as it comes. @throws where the list is not whole */
  read(take: (mailbox: string) => void): Promise<void>;
  close(): void;
}

export type SnapshotParts = {
  readonly beginSnapshot: () => Snapshot;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

/** Between two lists, whatever happens: a restart of Cyrus shows on many connections. */
export const SNAPSHOT_PAUSE_MS = 10_000;

export class Snapshots {
  readonly #parts: SnapshotParts;
  #sources: readonly SnapshotSource[] = [];
  #intervalMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #begun = -Infinity;
  #running = false;
  #closed = false;
  readonly #failing = new Set<string>();

  /** Without a source nothing is listed. */
  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Takes these sources, and lists them at once; those that are no more are closed. */
  reconfigure(sources: readonly SnapshotSource[], intervalMs: number): void {
    for (const source of this.#sources) if (!sources.includes(source)) source.close();
    this.#sources = sources;
    this.#intervalMs = intervalMs;
    this.soon();
  }

  /** A change may have been missed. */
  soon(): void {
    this.#arm(Math.max(this.#parts.now(), this.#begun + SNAPSHOT_PAUSE_MS));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const source of this.#sources) source.close();
  }

  /** The earliest due time counts; while one is running, it is armed again at its end. */
  #arm(due: number): void {
    if (due >= this.#due || this.#closed || this.#sources.length === 0) return;
    this.#due = due;
    if (this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, due - this.#parts.now())).unref();
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#due = Number.POSITIVE_INFINITY;
    this.#begun = this.#parts.now();
    let whole = true;
    for (const source of this.#sources) {
      if (!this.#closed) whole = (await this.#list(source)) && whole;
    }
    this.#running = false;
    const due = Math.min(this.#due, this.#begun + (whole ? this.#intervalMs : SNAPSHOT_PAUSE_MS));
    this.#due = Number.POSITIVE_INFINITY;
    this.#arm(due);
  }

  /** @returns whether the list is whole, and nothing happened meanwhile that makes another one necessary */
  async #list(source: SnapshotSource): Promise<boolean> {
    const { now, log } = this.#parts;
    const { name, canaries, listsFor = [name] } = source;
    const start = now();
    const snapshot = this.#parts.beginSnapshot();
    try {
      const missing = new Set(canaries.filter((canary) => source.covers(canary)));
      await source.read((mailbox) => {
        if (missing.size > 0) missing.delete(mailbox);
        snapshot.add(mailbox, listsFor);
      });
      if (missing.size > 0) throw new UnavailableError(`the canary ${[...missing].join(', ')} is not listed`);
      // As with a mailboxes.db that is missing: nobody is forgotten for that.
      if (snapshot.size + snapshot.skipped === 0 && !snapshot.outdated)
        throw new UnavailableError('no mailbox is listed');
      snapshot.finish(name, (mailbox, holder) => source.covers(mailbox, holder));
    } catch (error) {
      snapshot.abandon();
      this.#failed(source, error);
      return false;
    }
    const { size, skipped } = snapshot;
    verbs.listed(log, { backchannel: name, mailboxes: size, ms: Math.round(now() - start) });
    if (skipped > 0) verbs.listedInPart(log, { backchannel: name, skipped });
    this.#failing.delete(name);
    return !snapshot.outdated;
  }

  #failed(source: SnapshotSource, error: unknown): void {
    if (this.#closed || !this.#sources.includes(source)) return;
    const backchannel = source.name;
    const fields = { backchannel, error: messageOf(error) };
    verbs.notListed.at(this.#failing.has(backchannel) ? 'debug' : 'error', this.#parts.log, fields);
    this.#failing.add(backchannel);
  }
}
