// Decides when all mailboxes are listed: at the start, after each interval, and at once after any sign that we may have missed a
// change. Only one list is read at a time. A list that fails changes nothing, is logged once, and is tried again.
import { messageOf, UnavailableError } from '../errors.js';
import type { Log } from '../log/log.js';
import type { Snapshot } from '../validation/snapshot.js';
import * as verbs from '../log/verbs/backchannels.js';

/** Something that can list the mailboxes of some domains. */
export interface SnapshotSource {
  /** The back-channel's name. */
  readonly name: string;
  /** Mailboxes that must exist, under their names in the cache. A list without one of them is not believed. */
  readonly canaries: readonly string[];
  /** The back-channels whose mailboxes it lists: itself, and those that name it as their second. */
  readonly listsFor?: readonly string[];
  /**
   * Whether the list would hold the mailbox if it existed.
   * @param holder the name of the back-channel by whose word it is known; undefined where that does not matter
   */
  covers(mailbox: string, holder?: string): boolean;
  /** Gives each mailbox to `take` as it comes. @throws where the list is not complete */
  read(take: (mailbox: string) => void): Promise<void>;
  close(): void;
}

export type SnapshotParts = {
  readonly beginSnapshot: () => Snapshot;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

/** The least time between two lists, in milliseconds: a restart of Cyrus is noticed on many connections at once. */
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

  /** Nothing is listed until reconfigure() has given a source. */
  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Takes new sources, and lists their mailboxes at once; former sources that are not among them are closed. */
  reconfigure(sources: readonly SnapshotSource[], intervalMs: number): void {
    for (const source of this.#sources) if (!sources.includes(source)) source.close();
    this.#sources = sources;
    this.#intervalMs = intervalMs;
    this.soon();
  }

  /** Lists as soon as possible, because we may have missed a change. */
  soon(): void {
    this.#arm(Math.max(this.#parts.now(), this.#begun + SNAPSHOT_PAUSE_MS));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const source of this.#sources) source.close();
  }

  /** Sets the timer, unless an earlier time is set. While a list is running, the timer is set at its end. */
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

  /** @returns whether the list is complete, and nothing happened meanwhile that makes another one necessary */
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
      // An empty list may mean that mailboxes.db is missing, so no mailbox is forgotten because of it.
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
