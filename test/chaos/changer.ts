// An administrator who makes and deletes mailboxes all the while, and tells the truth of each tagged OK. Where his connection ends
// before it, nobody knows what became of that mailbox: it is not asked for any more, and another one takes its place.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CyrusContainer } from '../containers/cyrus.js';
import type { ImapAdmin } from '../containers/imap-admin.js';
import type { Random } from './random.js';
import type { Truth } from './truth.js';

const MAILBOXES = 8;

export class Changer {
  readonly #cyrus: CyrusContainer;
  readonly #truth: Truth;
  readonly #random: Random;
  readonly #pauseMs: number;
  readonly #there = new Map<string, boolean>();
  readonly #done: Promise<void>;
  #admin: ImapAdmin | undefined;
  #names = 0;
  #ended = false;
  #rest: Promise<void> | undefined;
  #working: Promise<void> = Promise.resolve();
  changes = 0;

  constructor(cyrus: CyrusContainer, truth: Truth, random: Random, pauseMs: number) {
    this.#cyrus = cyrus;
    this.#truth = truth;
    this.#random = random;
    this.#pauseMs = pauseMs;
    this.#done = this.#work();
  }

  /** He does nothing from the moment this resolves until what is returned is called. */
  async rest(): Promise<() => void> {
    let resume: () => void = () => undefined;
    this.#rest = new Promise((resolve) => (resume = resolve));
    await this.#working;
    return () => {
      this.#rest = undefined;
      resume();
    };
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#done;
  }

  async #work(): Promise<void> {
    while (!this.#ended) {
      await this.#rest;
      this.#working = this.#change();
      await this.#working;
      await sleep(this.#random.between(1, this.#pauseMs));
    }
  }

  async #change(): Promise<void> {
    while (this.#there.size < MAILBOXES) this.#there.set(`change${this.#names++}@example.jp`, false);
    const name = this.#random.pick([...this.#there.keys()]);
    const there = this.#there.get(name) !== true;
    let done: (() => void) | undefined;
    try {
      this.#admin ??= await this.#cyrus.admin();
      done = this.#truth.begin(name, there);
      if (there) await this.#admin.create(`user/${name}`);
      else await this.#admin.delete(`user/${name}`);
      done();
      this.#there.set(name, there);
      this.changes += 1;
    } catch {
      this.#admin = undefined;
      if (done === undefined) return;
      this.#there.delete(name);
      this.#truth.forget(name);
    }
  }
}
