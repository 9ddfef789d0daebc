// The changes that are not known to be in the stream, and their numbers. What nobody waits for is gathered, and goes into the entry of
// the next change: each entry costs each follower a read and an acknowledgement, whatever it names. No I/O.
import type { Change } from './entry-codec.js';

/** More names are not gathered, so that no entry is long. */
const GATHERED_MAX = 100;

export class Untold {
  /** Of the last change. It goes on where an instance follows another one, so that what is held keeps its place. */
  #seq = 0;
  readonly #numbered = new Set<Change>();
  readonly #gathered = new Set<string>();

  get seq(): number {
    return this.#seq;
  }

  /** Changes that have a number. */
  get numbered(): ReadonlySet<Change> {
    return this.#numbered;
  }

  get size(): number {
    return this.#numbered.size + this.#gathered.size;
  }

  /** @returns a change where there are too many already, else undefined */
  gather(mailboxes: readonly string[]): Change | undefined {
    for (const mailbox of mailboxes) this.#gathered.add(mailbox);
    return this.#gathered.size > GATHERED_MAX ? this.number([]) : undefined;
  }

  /** @returns the change that tells of these, and of all that was gathered. @param mailboxes undefined where any may have changed */
  number(mailboxes: readonly string[] | undefined): Change {
    const all = mailboxes === undefined ? undefined : [...new Set([...this.#gathered, ...mailboxes])];
    this.#gathered.clear();
    const change = { seq: this.next(), mailboxes: all };
    this.#numbered.add(change);
    return change;
  }

  /** @returns a change of what was gathered; undefined where there is nothing */
  numberGathered(): Change | undefined {
    return this.#gathered.size === 0 ? undefined : this.number([]);
  }

  /** @returns the number of what is no change */
  next(): number {
    this.#seq += 1;
    return this.#seq;
  }

  told(change: Change): void {
    this.#numbered.delete(change);
  }

  clear(): void {
    this.#numbered.clear();
    this.#gathered.clear();
  }
}
