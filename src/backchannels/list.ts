// A back-channel for hosts without Cyrus at hand, for names that are no mailboxes, and for a first look: a text file. Read when it is opened, at each reload, and when it changed and stands still. An empty list is a mistake, not
// an empty host: it denies nobody; and one that lost many of its names is believed only after it has stood so for a minute.
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import { listRefused, listShrunk, listTaken } from '../log/verbs/backchannels.js';
import { FileWatch } from '../net/file-watch.js';
import { sameState, type FileState } from '../net/stable-file.js';
import type { Probe } from '../validation/probe.js';
import type { Proof } from '../validation/proof.js';
import type { AddressRules, KeyParts, Recipient } from '../validation/recipient.js';
import { DELIVERABLE, deferred, UNKNOWN, type Verdict } from '../validation/verdict.js';
import type { ListedAddresses } from './listed-addresses.js';
import { readList, type ListOrigin, type ReadList } from './list-file.js';

/** Whoever takes out more than this share of the mailboxes at once has more likely lost them. */
const SHRINK_MAX = 0.1;

/** For so long a list that shrank so much must stand before it is believed. */
export const SHRUNK_STANDS_MS = 60_000;

type Around = {
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export type NamedList = ListOrigin & { readonly name: string };

export class ListProbe implements Probe {
  readonly name: string;
  readonly acceptsEightBit = false;
  /** What it said before it took other names is outdated; nothing else can change what it says. */
  readonly proof: Proof = {
    floor: () => this.#taken,
    describe: () => 'list: it says nothing else until it is read again',
    vouchesForUnknown: true,
    deferUnknown: false,
  };
  readonly #origin: NamedList;
  readonly #rules: AddressRules;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #watch = new FileWatch(() => this.#changed());
  #names: ListedAddresses;
  #taken: number;
  /** The file that was refused, as it stood then. */
  #refused: FileState | undefined;
  #confirm: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(origin: NamedList, rules: AddressRules, { names, state }: ReadList, around: Around) {
    this.name = origin.name;
    this.#origin = origin;
    this.#rules = rules;
    this.#names = names;
    this.#log = around.log;
    this.#now = around.now;
    this.#taken = around.now();
    this.#watch.watch(new Map([[origin.file, state]]));
  }

  /**
   * @param rules how the lines are folded: as recipients are
   * @param former of the configuration before. Where the list lost many of its names it is kept, with the names of before
   * @throws ConfigError where the file cannot be read, is too long, is being written to, or has a line that is no mailbox
   */
  static async open(
    { name, file, format, domains }: NamedList,
    rules: AddressRules,
    around: Around,
    former?: Probe,
  ): Promise<ListProbe> {
    const origin = { name, file, format, domains };
    const read = await readList(origin, `backchannel.${name}.file`, rules);
    const known = former instanceof ListProbe && former.#isOf(origin, rules) ? former : undefined;
    if (known !== undefined && (await known.#refuses(read))) return known;
    return new ListProbe(origin, rules, read, around);
  }

  /** Whether it has nobody, which is a mistake: then it denies nobody. */
  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** Whether mail for it is taken. */
  accepts(named: KeyParts): boolean {
    return this.#names.has(named);
  }

  check(recipient: Recipient): Promise<Verdict> {
    if (this.accepts(recipient)) return Promise.resolve(DELIVERABLE);
    return Promise.resolve(this.isEmpty ? deferred('the list of mailboxes is empty') : UNKNOWN);
  }

  drain(): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    this.#watch.close();
    clearTimeout(this.#confirm);
    this.#confirm = undefined;
    this.#closed = true;
    return Promise.resolve();
  }

  #isOf(origin: NamedList, rules: AddressRules): boolean {
    return isDeepStrictEqual([origin, rules], [this.#origin, this.#rules]);
  }

  /** Nobody sent a SIGHUP: the file stands changed since the last look but one. */
  async #changed(): Promise<void> {
    try {
      const read = await this.#read();
      if (!(await this.#refuses(read))) this.#take(read);
    } catch (error) {
      this.#tellUnread(error);
    }
  }

  /** Whether it lost too many; then it is read again in a minute, and believed where it has not changed since. */
  async #refuses({ names, state }: ReadList): Promise<boolean> {
    const { missing, pattern } = await this.#names.missingFrom(names);
    if (missing <= this.#names.size * SHRINK_MAX && !pattern) return false;
    const { name, file } = this.#origin;
    const told = this.#refused !== undefined && sameState(this.#refused, state);
    if (!told) listShrunk(this.#log, { backchannel: name, file, mailboxes: names.size, missing });
    this.#refused = state;
    if (!told || this.#confirm === undefined) this.#lookAgainLater();
    return true;
  }

  #lookAgainLater(): void {
    clearTimeout(this.#confirm);
    if (!this.#closed) this.#confirm = setTimeout(() => void this.#lookAgain(), SHRUNK_STANDS_MS).unref();
  }

  async #lookAgain(): Promise<void> {
    this.#confirm = undefined;
    try {
      const read = await this.#read();
      const stood = this.#refused !== undefined && sameState(this.#refused, read.state);
      if (stood || !(await this.#refuses(read))) this.#take(read);
    } catch (error) {
      this.#tellUnread(error);
      this.#lookAgainLater();
    }
  }

  #read(): Promise<ReadList> {
    return readList(this.#origin, `backchannel.${this.name}.file`, this.#rules);
  }

  /** A flight that asked the former names is from before this, and nothing of it is remembered. */
  #take({ names }: ReadList): void {
    if (this.#closed) return;
    clearTimeout(this.#confirm);
    this.#confirm = undefined;
    this.#refused = undefined;
    this.#names = names;
    this.#taken = this.#now();
    listTaken(this.#log, { backchannel: this.name, file: this.#origin.file, mailboxes: names.size });
  }

  #tellUnread(error: unknown): void {
    listRefused(this.#log, { backchannel: this.name, file: this.#origin.file, reason: messageOf(error) });
  }
}
