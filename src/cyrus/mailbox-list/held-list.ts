// The mailbox list, held in memory: loaded in slices, kept current from its tail, and loaded anew where the tail is lost. Says
// what it holds only while that is the state of the last commit. No I/O of its own.
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

/** `waiting`: it could not be loaded, and is tried again. `off`: for this run. */
export type ListStanding = 'waiting' | 'loading' | 'ready' | 'off';

export type HeldListParts = {
  readonly files: ListFiles;
  /** Resolves when others had their turn. */
  readonly pause: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Log;
};

/** After it could not be loaded. */
export const RETRY_MS = 5_000;
/** Of the time, at most one part in so many is spent on loading it anew. */
const LOAD_SHARE = 10;
/** A list that so often makes no sense, in so long a time, is not one that can be read. */
const STRIKES_MAX = 3;
const STRIKES_MS = 3_600_000;
/** Keys deleted since the list was loaded keep their place; when they are so many it is loaded anew. */
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
  /** How many mailboxes there were when the tail was lost, or before some went missing. */
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

  /** Why it is waiting or off. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** How often it was loaded. */
  get loads(): number {
    return this.#loads;
  }

  /** How often it was held no more. */
  get losses(): number {
    return this.#losses;
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** Mailboxes that are missing since it was loaded anew, while no delete explains it. */
  get missing(): number {
    return this.#shrunk ? Math.max(0, (this.#before ?? 0) - (this.#keys?.listed ?? 0)) : 0;
  }

  /** Whether mailboxes are missing, or may be: what took the place of the list is not yet loaded. */
  get doubtful(): boolean {
    return this.#shrunk || (this.#standing === 'loading' && this.#before !== undefined);
  }

  /** What it holds; undefined while that is not known. Of the last commit only right after `follow`. */
  get keys(): ListedKeys | undefined {
    return this.#standing === 'ready' ? this.#keys : undefined;
  }

  /** Loads it where that is due; resolves when it is held, or was not to be had. */
  async load(): Promise<void> {
    const { now, log } = this.#parts;
    const begun = now();
    if (this.#standing !== 'waiting' || this.#closed || begun < this.#retryAt) return;
    this.#standing = 'loading';
    try {
      await this.#load();
      this.#retryAt = now() + LOAD_SHARE * (now() - begun);
      // What was committed meanwhile, in the same turn: from here on each look at the clock tells of more.
      if (!this.follow()) return;
      verbs.directoryReady(log, { mailboxes: this.#keys?.listed ?? 0, ms: Math.round(now() - begun) });
      this.#judgeLoss();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @returns whether what is held is the state of the last commit */
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

  /** The users' keys that changed since the last call. */
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
    await loadList(file, FIRST_RECORD, header.repackSize, keys, pause);
    // With `improved_mboxlist_sort` a delete would mean another key.
    if (keys.strays > 0) throw new ProtocolError('the mailbox list is in an order of its own');
    await loadList(file, header.repackSize, header.currentSize, keys, pause);
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

  /** A list that was put in the place of the last one, and holds less. */
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

/** @throws ProtocolError where it holds more or fewer keys than the list says; while a writer is at work it says nothing */
function requireNumber(keys: ListedKeys, header: Header): void {
  if (header.dirty || keys.size === header.numRecords) return;
  throw new ProtocolError(`the mailbox list has ${header.numRecords} keys, and ${keys.size} were found`);
}
