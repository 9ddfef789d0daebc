// What the mupdate master lists: on which server each user's INBOX is, for a million of them. Folders and shared mailboxes are
// read over, since nobody is asked by their names. No I/O.
import { ConfigError, ProtocolError } from '../../errors.js';
import { NameTable } from './name-table.js';
import type { MupdateEntry } from './response.js';

/**
 * Where a mailbox is. `absent`: the master lists none of that name. `unsettled`: it is reserved, which is how a mailbox is
 * made or moved, or it has no partition, as after a rename: neither there nor gone.
 */
export type Place =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unsettled' }
  | { readonly kind: 'on'; readonly server: string };

const ABSENT: Place = Object.freeze({ kind: 'absent' });
const UNSETTLED: Place = Object.freeze({ kind: 'unsettled' });

/** Marks in the table; from SERVERS on a server each. */
const GONE = 0;
const WAITING = 1;
const SERVERS = 2;
/** Of one murder, as many as a mark has room for. */
export const MURDER_SERVERS_MAX = 254;

/** Names that are gone keep their room; where they are so many, and more than the others, the list is to be had anew. */
const GONE_MAX = 100_000;

export class Entries {
  readonly #table = new NameTable();
  readonly #places: Place[] = [ABSENT, UNSETTLED];
  readonly #marks = new Map<string, number>();
  /** INBOXes, by mark. */
  readonly #counts: number[] = [0, 0];
  readonly #max: number;
  readonly #met: (server: string) => void;

  /** @param max INBOXes that are taken; @param met told of each server as it is named first */
  constructor(max: number, met: (server: string) => void) {
    this.#max = max;
    this.#met = met;
  }

  /** INBOXes that are on a server. */
  get mailboxes(): number {
    return this.#table.size - (this.#counts[GONE] ?? 0) - (this.#counts[WAITING] ?? 0);
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  /** Whether most of it is gone. */
  get wasteful(): boolean {
    const gone = this.#counts[GONE] ?? 0;
    return gone > GONE_MAX && 2 * gone > this.#table.size;
  }

  /**
   * @returns whether it is about a user's INBOX
   * @throws ProtocolError where it names no server, or there are too many of them; ConfigError where there are more INBOXes
   *   than are taken
   */
  take(entry: MupdateEntry): boolean {
    if (!isInbox(entry.name)) return false;
    const mark = this.#markOf(entry);
    const before = this.#table.set(entry.name, mark);
    if (before === mark) return true;
    if (before !== undefined) this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    this.#counts[mark] = (this.#counts[mark] ?? 0) + 1;
    if (this.#table.size - (this.#counts[GONE] ?? 0) > this.#max)
      throw new ConfigError(`the mupdate master lists over ${this.#max} users: max_mailboxes must be higher`);
    return true;
  }

  /** @param name in Cyrus' internal form */
  find(name: string): Place {
    return this.#places[this.#table.get(name) ?? GONE] ?? ABSENT;
  }

  /** How many INBOXes are on a server. */
  on(server: string): number {
    const mark = this.#marks.get(server);
    return mark === undefined ? 0 : (this.#counts[mark] ?? 0);
  }

  #markOf(entry: MupdateEntry): number {
    switch (entry.kind) {
      case 'delete':
        return GONE;
      case 'reserve':
        return WAITING;
      case 'mailbox': {
        const { location } = entry;
        const end = location.lastIndexOf('!');
        if (end < 1)
          throw new ProtocolError(`the mupdate master has a location of ${JSON.stringify(location)}`);
        return end === location.length - 1 ? WAITING : this.#server(location.slice(0, end).toLowerCase());
      }
    }
  }

  #server(name: string): number {
    const known = this.#marks.get(name);
    if (known !== undefined) return known;
    const mark = SERVERS + this.#marks.size;
    if (this.#marks.size >= MURDER_SERVERS_MAX)
      throw new ProtocolError(`the mupdate master names over ${MURDER_SERVERS_MAX} servers`);
    // A slice of a line would keep the whole line.
    const server = Buffer.from(name, 'latin1').toString('latin1');
    this.#marks.set(server, mark);
    this.#places[mark] = Object.freeze({ kind: 'on', server });
    this.#counts[mark] = 0;
    this.#met(server);
    return mark;
  }
}

/** `example.jp!user.first^last`, or without the domain. Where a mailbox was deleted, its new name is none of these. */
function isInbox(name: string): boolean {
  const start = name.indexOf('!') + 1;
  const user = start + 'user.'.length;
  return name.startsWith('user.', start) && user < name.length && !name.includes('.', user);
}
