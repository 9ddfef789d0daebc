// The addresses of a list, and whether a recipient is among them: as a mailbox, by a whole domain (`@example.jp`), or by the keys
// that Sendmail and Postfix look up in their own tables for an address, in the same order. No I/O.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asciiLowerCase, type KeyParts } from '../validation/recipient.js';
import type { ListFormat } from './table-keys.js';

/** The names are spread over so many sets, since a single large set takes long whenever it has to grow. */
const SHARDS = 256;

/** A set of names, made of small sets, so that it never takes long to grow. */
class Names {
  readonly #shards: readonly Set<string>[] = Array.from({ length: SHARDS }, () => new Set<string>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(name: string): void {
    const shard = this.#shardOf(name);
    const before = shard.size;
    shard.add(name);
    this.#size += shard.size - before;
  }

  has(name: string): boolean {
    return this.#shardOf(name).has(name);
  }

  /** Compares in slices, between which others have their turn. @returns how many of our names the others lack */
  async missingFrom(others: Names): Promise<number> {
    let missing = 0;
    for (const shard of this.#shards) {
      for (const name of shard) if (!others.has(name)) missing += 1;
      await nextTurn();
    }
    return missing;
  }

  #shardOf(name: string): Set<string> {
    let hash = name.length;
    for (let at = 0; at < name.length && at < 32; at += 1) hash = (hash * 31 + name.charCodeAt(at)) | 0;
    // The mask gives an existing shard for every hash, so the second half is for the compiler only.
    return this.#shards[hash & (SHARDS - 1)] ?? new Set();
  }
}

export class ListedAddresses {
  readonly #names = new Names();
  /** Keys that each stand for many addresses, such as `@example.jp` and `+*@example.jp`. */
  readonly #patterns = new Set<string>();
  /** Keys of which the table says that there is no such address. */
  readonly #refused = new Set<string>();
  readonly #format: ListFormat;
  readonly #domains: ReadonlySet<string>;

  /** @param domains the domains, in lower case, to which an entry without a domain belongs */
  constructor(format: ListFormat, domains: ReadonlySet<string>) {
    this.#format = format;
    this.#domains = domains;
  }

  get size(): number {
    return this.#names.size + this.#patterns.size;
  }

  /** Where there are two lines for one key, the first counts, as in makemap(8). */
  add(key: string, refused = false): void {
    if (this.#refused.has(key) || this.#names.has(key)) return;
    if (refused && !this.#patterns.has(key)) this.#refused.add(key);
    else if (/^(?:@|\+[+*]@)/.test(key)) this.#patterns.add(key);
    else this.#names.add(key);
  }

  has(named: KeyParts): boolean {
    for (const key of this.#keysFor(named)) {
      if (this.#refused.has(key)) return false;
      if (this.#names.has(key) || this.#patterns.has(key)) return true;
    }
    return false;
  }

  /** Compares in slices. @returns how many of our keys the others lack, and whether one of these stands for many addresses */
  async missingFrom(others: ListedAddresses): Promise<{ missing: number; pattern: boolean }> {
    const names = await this.#names.missingFrom(others.#names);
    const patterns = [...this.#patterns].filter((each) => !others.#patterns.has(each)).length;
    return { missing: names + patterns, pattern: patterns > 0 };
  }

  /** The keys to look up for an address, in this order: the first that is found decides. */
  #keysFor({ local, detail, domain, mailbox }: KeyParts): string[] {
    if (this.#format === 'mailboxes') {
      const bare =
        domain !== undefined && this.#domains.has(asciiLowerCase(domain)) ? [asciiLowerCase(local)] : [];
      const own = mailbox === undefined ? [] : [mailbox];
      return [...own, ...bare, ...(domain === undefined ? [] : [`@${asciiLowerCase(domain)}`])];
    }
    const user = asciiLowerCase(local);
    const extended = detail === undefined ? undefined : `${user}+${asciiLowerCase(detail)}`;
    const at = domain === undefined ? '' : `@${asciiLowerCase(domain)}`;
    const isHere = domain === undefined || this.#domains.has(asciiLowerCase(domain));
    switch (this.#format) {
      case 'aliases': {
        const names = extended === undefined ? [user] : [extended, `${user}+*`, user];
        return [...(at === '' ? [] : names.map((name) => name + at)), ...(isHere ? names : [])];
      }
      case 'virtual': {
        const names = extended === undefined ? [user] : [extended, user];
        const whole = at === '' ? [] : names.map((name) => name + at);
        return [...whole, ...(isHere ? names : []), ...(at === '' ? [] : [at])];
      }
      case 'virtusertable': {
        if (at === '') return [];
        if (extended === undefined) return [user + at, at];
        const whole = detail === '' ? [] : [`${user}++${at}`];
        const any = detail === '' ? [] : [`++${at}`];
        return [extended + at, ...whole, `${user}+*${at}`, user + at, ...any, `+*${at}`, at];
      }
    }
  }
}
