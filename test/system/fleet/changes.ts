// Random changes by one administrator, and what three daemons answer after each OK: the new truth, or TEMP.
import type { ImapAdmin } from '../../containers/imap-admin.js';

const NAMES = 10;

/** Park and Miller's: the same changes in each run. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

export class ServerChanges {
  /** Answers from before, right after the OK. */
  readonly stale: string[] = [];
  /** NOTFOUND for who exists. */
  readonly lost: string[] = [];
  /** Still so when a lease had passed. */
  readonly old: string[] = [];
  readonly deferred: string[] = [];
  /** For the OK of each command, in milliseconds. */
  readonly waitedMs: number[] = [];
  readonly names: readonly string[];
  checked = 0;
  readonly #admin: ImapAdmin;
  readonly #ask: (key: string) => Promise<string[]>;
  readonly #random: (below: number) => number;
  readonly #exists = new Set<string>();
  readonly #later: Promise<void>[] = [];
  readonly #leaseMs: number;

  constructor(
    admin: ImapAdmin,
    ask: (key: string) => Promise<string[]>,
    random: (below: number) => number,
    domain: string,
    leaseMs: number,
  ) {
    this.#admin = admin;
    this.#ask = ask;
    this.#random = random;
    this.#leaseMs = leaseMs;
    this.names = Array.from({ length: NAMES }, (_, i) => `u${i}@${domain}`);
  }

  async change(): Promise<void> {
    const name = this.#pick(this.names) ?? '';
    const other = this.#pick([...this.#exists]);
    if (!this.#exists.has(name)) {
      if (other !== undefined && this.#random(3) === 0) await this.#rename(other, name);
      else {
        await this.#timed(this.#admin.create(`user/${name}`));
        this.#exists.add(name);
      }
    } else if (this.#random(3) === 0) {
      await this.#timed(this.#admin.setacl(`user/${name}`, 'anyone', this.#random(2) === 0 ? 'lrsp' : 'lrs'));
    } else {
      await this.#timed(this.#admin.delete(`user/${name}`));
      this.#exists.delete(name);
    }
    for (const each of new Set([name, other])) if (each !== undefined) await this.#check(each);
  }

  /** Leaves nothing behind. */
  async end(): Promise<void> {
    await Promise.all(this.#later);
    for (const name of this.#exists) await this.#admin.delete(`user/${name}`);
    this.#exists.clear();
  }

  async #timed(command: Promise<unknown>): Promise<void> {
    const start = performance.now();
    await command;
    this.waitedMs.push(performance.now() - start);
  }

  #pick(items: readonly string[]): string | undefined {
    return items[this.#random(Math.max(1, items.length))];
  }

  async #rename(from: string, to: string): Promise<void> {
    await this.#timed(this.#admin.setacl(`user/${from}`, 'cyrus', 'lrswipkxtecda'));
    await this.#timed(this.#admin.rename(`user/${from}`, `user/${to}`));
    this.#exists.delete(from);
    this.#exists.add(to);
  }

  async #check(name: string): Promise<void> {
    const expected = this.#exists.has(name) ? 'OK' : 'NOTFOUND';
    const before = performance.now();
    const answers = await this.#ask(name);
    this.checked += answers.length;
    for (const answer of answers) {
      const what = `${name} ${answer}, but it is ${expected}`;
      if (answer === 'TEMP') this.deferred.push(name);
      else if (answer !== expected) {
        this.stale.push(what);
        if (answer === 'NOTFOUND') this.lost.push(what);
        if (performance.now() - before > this.#leaseMs) this.old.push(what);
      }
    }
  }
}
