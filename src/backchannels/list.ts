// A back-channel that is a text file: for hosts that cannot ask Cyrus, for names that are no mailboxes, and for a first try. The
// file is read at the start, at each reload, and when it has changed and nobody writes to it any more. An empty list is taken for
// a mistake, and denies nobody. One that lost many names is believed only after it has stayed so for a minute. I/O: this file.
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

/** If more than this share of the names is gone at once, that is more likely a mistake. */
const SHRINK_MAX = 0.1;

/** A list that lost so many names must stay unchanged for so long, in milliseconds, before it is believed. */
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
  /** What the list said is outdated only when it is read again: nothing else can change what it says. */
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
  /** The state of the file that was refused because too many names were gone. */
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
   * @param rules by these rules a line becomes the name of a mailbox, as a recipient does
   * @param former the probe of the former configuration. If too many of its names are gone, it is kept, with all its names
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

  /** Whether the list is empty. That is taken for a mistake, so it denies nobody. */
  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** Whether the list has the address. */
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

  /** Called by the watch, without a SIGHUP, when the file has changed and then stayed the same for one look. */
  async #changed(): Promise<void> {
    try {
      const read = await this.#read();
      if (!(await this.#refuses(read))) this.#take(read);
    } catch (error) {
      this.#tellUnread(error);
    }
  }

  /** Whether too many names are gone. Then the file is read again in a minute, and believed if it has not changed since. */
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

  /** Takes the names that were read. By the time set here, answers from the former names are outdated. */
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
