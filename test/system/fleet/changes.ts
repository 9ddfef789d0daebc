// Random changes by one administrator, and what the followers answer after each OK: the new truth, or TEMP.
import { setTimeout as pause } from 'node:timers/promises';
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

/** An answer from before, right after the OK. */
export type Stale = {
  readonly what: string;
  readonly at: number;
  readonly lost: boolean;
  /** Which of those who were asked. */
  readonly by: number;
};

/** When a command was sent, and when its OK was there; by performance.now(). */
export type Waited = { readonly from: number; readonly to: number; readonly what: string };

export class ServerChanges {
  readonly stale: Stale[] = [];
  /** Still so when a lease had passed. */
  readonly old: string[] = [];
  readonly deferred: string[] = [];
  /** For the OK of each command. */
  readonly waited: Waited[] = [];
  readonly names: readonly string[];
  checked = 0;
  readonly #admin: ImapAdmin;
  readonly #ask: (key: string) => Promise<string[]>;
  readonly #random: (below: number) => number;
  readonly #exists = new Set<string>();
  /** How often each was changed. */
  readonly #versions = new Map<string, number>();
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
    const there = this.#exists.has(name);
    const acl = there && this.#random(3) === 0;
    const renamed = !there && other !== undefined && this.#random(3) === 0;
    const touched = renamed ? [name, other] : [name];
    for (const each of touched) this.#versions.set(each, (this.#versions.get(each) ?? 0) + 1);
    if (acl) await this.#acl(name, 'anyone', this.#random(2) === 0 ? 'lrsp' : 'lrs');
    else if (renamed) await this.#rename(other, name);
    else if (there) await this.#delete(name);
    else await this.#create(name);
    for (const each of new Set([name, other])) if (each !== undefined) await this.#check(each);
  }

  /** Leaves nothing behind. */
  async end(): Promise<void> {
    await Promise.all(this.#later);
    for (const name of this.#exists) await this.#admin.delete(`user/${name}`);
    this.#exists.clear();
  }

  async #create(name: string): Promise<void> {
    await this.#timed('CREATE', () => this.#admin.create(`user/${name}`));
    this.#exists.add(name);
  }

  /** Takes the right to do so first, which an administrator of Cyrus lacks. */
  async #delete(name: string): Promise<void> {
    await this.#acl(name, 'cyrus', 'lxca');
    await this.#timed('DELETE', () => this.#admin.remove(`user/${name}`));
    this.#exists.delete(name);
  }

  async #rename(from: string, to: string): Promise<void> {
    await this.#acl(from, 'cyrus', 'lrswipkxtecda');
    await this.#timed('RENAME', () => this.#admin.rename(`user/${from}`, `user/${to}`));
    this.#exists.delete(from);
    this.#exists.add(to);
  }

  #acl(name: string, identifier: string, rights: string): Promise<void> {
    return this.#timed('SETACL', () => this.#admin.setacl(`user/${name}`, identifier, rights));
  }

  async #timed(what: string, command: () => Promise<unknown>): Promise<void> {
    const from = performance.now();
    await command();
    this.waited.push({ from, to: performance.now(), what });
  }

  #pick(items: readonly string[]): string | undefined {
    return items[this.#random(Math.max(1, items.length))];
  }

  async #check(name: string): Promise<void> {
    const expected = this.#exists.has(name) ? 'OK' : 'NOTFOUND';
    const answers = await this.#ask(name);
    const at = performance.now();
    this.checked += answers.length;
    for (const [by, answer] of answers.entries()) {
      if (answer === 'TEMP') this.deferred.push(name);
      else if (answer !== expected) {
        const what = `${name} ${answer}, but it is ${expected}`;
        this.stale.push({ what, at, lost: answer === 'NOTFOUND', by });
        this.#later.push(this.#again(name, expected));
      }
    }
  }

  /** By then nobody may believe what was before. */
  async #again(name: string, expected: string): Promise<void> {
    const version = this.#versions.get(name);
    await pause(this.#leaseMs);
    const answers = await this.#ask(name);
    if (version !== this.#versions.get(name)) return;
    for (const answer of answers) {
      if (answer !== expected && answer !== 'TEMP')
        this.old.push(`${name} ${answer}, though it has been ${expected} for a lease`);
    }
  }
}
