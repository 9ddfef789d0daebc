// A copy of the mailbox list in memory. It is loaded in slices, kept current from the end of the file, and loaded again where its
// place there is lost. It answers only while it is the state of the last commit. No I/O of its own.
import { messageOf, ProtocolError } from '../../errors.js';
import type { Log } from '../../log/verb.js';
import * as verbs from '../../log/verbs/directory.js';
import { layoutAtStart } from './layout-at-start.js';
import type { ListFiles } from './list-reader.js';
import { ListedKeys } from './listed-keys.js';
import { loadList } from './load-list.js';
import type { Layout } from './names.js';
import { ListTail } from './tail.js';
import { FIRST_RECORD, type Header } from './twoskip.js';

/** `waiting`: the list is not loaded, and will be tried again. `off`: it is not tried again until the next start. */
export type ListStanding = 'waiting' | 'loading' | 'ready' | 'off';

export type HeldListParts = {
  readonly files: ListFiles;
  /** Resolves when others have had their turn. */
  readonly pause: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Log;
};

/** How long we wait after a load that failed, in milliseconds. */
export const RETRY_MS = 5_000;
/** Loading may take about one part in so many of the time: after a load we wait so many times as long as it took. */
const LOAD_SHARE = 10;
/** If the list makes no sense so many times within STRIKES_MS, we cannot read it, and give up. */
const STRIKES_MAX = 3;
const STRIKES_MS = 3_600_000;
/** Deleted keys keep their memory until the next load. When they take too much, the list is loaded again. */
const WASTE_FACTOR = 3;
const WASTE_MIN_BYTES = 64 * 1024 * 1024;

export class HeldList {
  readonly #parts: HeldListParts;
  readonly #tail: ListTail;
  #standing: ListStanding = 'waiting';
  #reason: string | undefined = 'not loaded yet';
  #keys: ListedKeys | undefined;
  #layout: Layout = 'divided';
  readonly #touched = new Set<string>();
  #loads = 0;
  #losses = 0;
  #loadedKeyBytes = 0;
  #retryAt = -Infinity;
  #strikes: number[] = [];
  /** How many mailboxes there were when the place in the file was lost, or before some went missing. */
  #before: number | undefined;
  #shrunk = false;
  #closed = false;

  constructor(parts: HeldListParts) {
    this.#parts = parts;
    this.#tail = new ListTail(parts.files);
  }

  get standing(): ListStanding {
    return this.#standing;
  }

  /** Why it is waiting or off; undefined where it is not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** How often the list was loaded. */
  get loads(): number {
    return this.#loads;
  }

  /** How often a loaded list was given up. */
  get losses(): number {
    return this.#losses;
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** How many mailboxes are missing since the last load though nobody deleted them. */
  get missing(): number {
    return this.#shrunk ? Math.max(0, (this.#before ?? 0) - (this.#keys?.listed ?? 0)) : 0;
  }

  /** Whether mailboxes are missing, or may be, since a list that took the place of ours is still being loaded. */
  get doubtful(): boolean {
    return this.#shrunk || (this.#standing === 'loading' && this.#before !== undefined);
  }

  /** The keys of the list; undefined where it is not loaded. They are those of the last commit only right after `follow`. */
  get keys(): ListedKeys | undefined {
    return this.#standing === 'ready' ? this.#keys : undefined;
  }

  /** Loads the list if that is due; resolves when it is loaded, or could not be. */
  async load(): Promise<void> {
    const { now, log } = this.#parts;
    const begun = now();
    if (this.#standing !== 'waiting' || this.#closed || begun < this.#retryAt) return;
    this.#standing = 'loading';
    try {
      await this.#load();
      this.#retryAt = now() + LOAD_SHARE * (now() - begun);
      // Takes what was committed during the load, in this turn of the event loop: from now on each look at the clock follows.
      if (!this.follow()) return;
      verbs.directoryReady(log, { mailboxes: this.#keys?.listed ?? 0, ms: Math.round(now() - begun) });
      this.#judgeLoss();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Reads what was committed since the last call. @returns whether our copy is the state of the last commit */
  follow(): boolean {
    const { keys } = this;
    if (keys === undefined) return false;
    const followed = this.#tail.follow(keys);
    if (followed.kind === 'lost') return this.#lose(followed.reason);
    try {
      requireNumber(keys, followed.header);
    } catch (error) {
      this.#strike();
      return this.#lose(messageOf(error));
    }
    if (keys.keyBytes > Math.max(WASTE_MIN_BYTES, WASTE_FACTOR * this.#loadedKeyBytes)) {
      return this.#lose('most of its keys were deleted');
    }
    if (this.#shrunk && this.missing === 0) {
      this.#shrunk = false;
      verbs.directoryWhole(this.#parts.log, { mailboxes: keys.listed });
    }
    return true;
  }

  /** The keys of users' mailboxes that changed since the last call. */
  takeTouched(): string[] {
    const keys = [...this.#touched];
    this.#touched.clear();
    return keys;
  }

  turnOff(reason: string): void {
    this.#drop('off', reason);
    this.#shrunk = false;
    verbs.directoryOff(this.#parts.log, { reason });
  }

  close(): void {
    this.#closed = true;
    this.#drop('waiting', 'closed');
  }

  async #load(): Promise<void> {
    const { file, header } = this.#tail.begin();
    const layout = layoutAtStart(file);
    if (layout === undefined) throw new Error('the mailbox list has no user yet');
    const keys = new ListedKeys(layout, header.numRecords, (position) => this.#tail.keyAt(position));
    const pause = async () => {
      await this.#parts.pause();
      if (this.#standing !== 'loading') throw new Error('not wanted any more');
    };
    const pauses = { pause, now: this.#parts.now };
    await loadList(file, FIRST_RECORD, header.repackSize, keys, pauses);
    // With `improved_mboxlist_sort` the order is another one, and we would take the wrong key for the deleted one.
    if (keys.strays > 0) throw new ProtocolError('the mailbox list is in an order of its own');
    await loadList(file, header.repackSize, header.currentSize, keys, pauses);
    requireNumber(keys, header);
    this.#keys = keys;
    this.#layout = layout;
    this.#loadedKeyBytes = keys.keyBytes;
    this.#loads += 1;
    this.#touched.clear();
    keys.touched = (key) => this.#touched.add(key);
    this.#standing = 'ready';
    this.#reason = undefined;
  }

  #lose(reason: string): false {
    this.#before = Math.max(this.#shrunk ? (this.#before ?? 0) : 0, this.#keys?.listed ?? 0);
    this.#drop('waiting', reason);
    if (this.#strikes.length >= STRIKES_MAX) this.turnOff(reason);
    else {
      verbs.directoryReload(this.#parts.log, { reason });
      void this.load();
    }
    return false;
  }

  /** Finds out whether a list that took the place of the last one has fewer mailboxes. */
  #judgeLoss(): void {
    const before = this.#before ?? 0;
    const now = this.#keys?.listed ?? 0;
    this.#shrunk = now < before;
    if (!this.#shrunk) this.#before = undefined;
    else verbs.directoryShrunk(this.#parts.log, { mailboxes: now, missing: before - now });
  }

  #failed(error: unknown): void {
    if (this.#standing !== 'loading') return;
    const reason = messageOf(error);
    const known = reason === this.#reason;
    if (error instanceof ProtocolError) this.#strike();
    this.#retryAt = this.#parts.now() + RETRY_MS;
    this.#drop('waiting', reason);
    if (this.#strikes.length >= STRIKES_MAX) this.turnOff(reason);
    else if (!known) verbs.directoryWaiting(this.#parts.log, { reason });
  }

  #strike(): void {
    const now = this.#parts.now();
    this.#strikes = [...this.#strikes.filter((time) => time > now - STRIKES_MS), now];
  }

  #drop(standing: ListStanding, reason: string): void {
    if (this.#keys !== undefined) this.#losses += 1;
    this.#tail.close();
    this.#keys = undefined;
    this.#touched.clear();
    this.#standing = standing;
    this.#reason = reason;
  }
}

/** @throws ProtocolError where we hold more or fewer keys than the header says, which counts only while nobody is writing */
function requireNumber(keys: ListedKeys, header: Header): void {
  if (header.dirty || keys.size === header.numRecords) return;
  throw new ProtocolError(`the mailbox list has ${header.numRecords} keys, and ${keys.size} were found`);
}
