// A back-channel for hosts without Cyrus at hand, and for a first look: a text file, one mailbox a line, `#` begins
// a comment. Read when it is opened and again at each reload. An empty list is a mistake, not an empty host: it denies
// nobody; and one that lost many of its names is believed only after it has stood so for a minute.
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import { listRefused, listShrunk, listTaken } from '../log/verbs/backchannels.js';
import { sameState, type FileState } from '../net/stable-file.js';
import type { Probe } from '../validation/probe.js';
import type { AddressRules, Recipient } from '../validation/recipient.js';
import { DELIVERABLE, deferred, UNKNOWN, type Verdict } from '../validation/verdict.js';
import { readList, type Names, type ReadList } from './list-file.js';

/** Whoever takes out more than this share of the mailboxes at once has more likely lost them. */
export const SHRINK_MAX = 0.1;

/** For so long a list that shrank so much must stand before it is believed. */
export const SHRUNK_STANDS_MS = 60_000;

export type ListOrigin = { readonly name: string; readonly file: string };

export class ListProbe implements Probe {
  readonly name: string;
  readonly acceptsEightBit = false;
  readonly #origin: ListOrigin;
  readonly #rules: AddressRules;
  readonly #log: Log;
  #names: Names;
  /** The file that was refused, as it stood then. */
  #refused: FileState | undefined;
  #confirm: NodeJS.Timeout | undefined;

  private constructor(origin: ListOrigin, rules: AddressRules, names: Names, log: Log) {
    this.name = origin.name;
    this.#origin = origin;
    this.#rules = rules;
    this.#names = names;
    this.#log = log;
  }

  /**
   * @param rules how the lines are folded: as recipients are
   * @param former of the configuration before. Where the list lost many of its names it is kept, with the names of before
   * @throws ConfigError where the file cannot be read, is too long, is being written to, or has a line that is no mailbox
   */
  static async open(
    { name, file }: ListOrigin,
    rules: AddressRules,
    log: Log,
    former?: Probe,
  ): Promise<ListProbe> {
    const read = await readList(file, `backchannel.${name}.file`, rules);
    const known = former instanceof ListProbe && former.#isOf({ name, file }, rules) ? former : undefined;
    if (known !== undefined && (await known.#refuses(read))) return known;
    return new ListProbe({ name, file }, rules, read.names, log);
  }

  check(recipient: Recipient): Promise<Verdict> {
    if (this.#names.has(recipient.mailbox)) return Promise.resolve(DELIVERABLE);
    return Promise.resolve(this.#names.size === 0 ? deferred('the list of mailboxes is empty') : UNKNOWN);
  }

  drain(): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    clearTimeout(this.#confirm);
    return Promise.resolve();
  }

  #isOf(origin: ListOrigin, rules: AddressRules): boolean {
    return isDeepStrictEqual([origin, rules], [this.#origin, this.#rules]);
  }

  /** Whether it lost too many; then it is read again in a minute, and believed where it has not changed since. */
  async #refuses({ names, state }: ReadList): Promise<boolean> {
    const missing = await this.#names.missingFrom(names);
    if (missing <= this.#names.size * SHRINK_MAX) return false;
    const { name, file } = this.#origin;
    const told = this.#refused !== undefined && sameState(this.#refused, state);
    if (!told) listShrunk(this.#log, { backchannel: name, file, mailboxes: names.size, missing });
    this.#refused = state;
    if (!told || this.#confirm === undefined) {
      clearTimeout(this.#confirm);
      this.#confirm = setTimeout(() => void this.#lookAgain(), SHRUNK_STANDS_MS).unref();
    }
    return true;
  }

  async #lookAgain(): Promise<void> {
    const { name, file } = this.#origin;
    this.#confirm = undefined;
    try {
      const read = await readList(file, `backchannel.${name}.file`, this.#rules);
      const stood = this.#refused !== undefined && sameState(this.#refused, read.state);
      if (!stood && (await this.#refuses(read))) return;
      this.#names = read.names;
      this.#refused = undefined;
      listTaken(this.#log, { backchannel: name, file, mailboxes: read.names.size });
    } catch (error) {
      listRefused(this.#log, { backchannel: name, file, reason: messageOf(error) });
      this.#confirm = setTimeout(() => void this.#lookAgain(), SHRUNK_STANDS_MS).unref();
    }
  }
}
