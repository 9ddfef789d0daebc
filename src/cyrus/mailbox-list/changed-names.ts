// Reads from the end of mailboxes.db which mailboxes the last commits changed, since only these need to be asked about again. It
// keeps nothing but its place in the file, and gives no verdicts. If something is not understood, any mailbox may have changed.
// No I/O of its own.
import type { AddressRules } from '../../validation/recipient.js';
import type { ChangeReader } from './clock.js';
import { layoutAtStart } from './layout-at-start.js';
import type { ListFiles } from './list-reader.js';
import { kindOfKey, mailboxesOf, type Layout } from './names.js';
import { ListTail } from './tail.js';

export class ChangedNames implements ChangeReader {
  readonly #tail: ListTail;
  readonly #rules: () => AddressRules;
  #layout: Layout | undefined;
  #breaks = 0;

  /** @param rules gives the present rules, which say what a mailbox is called in the cache */
  constructor(files: ListFiles, rules: () => AddressRules) {
    this.#tail = new ListTail(files);
    this.#rules = rules;
  }

  get breaks(): number {
    return this.#breaks;
  }

  get following(): boolean {
    return this.#layout !== undefined;
  }

  changed(): readonly string[] | undefined {
    const names = new Set<string>();
    let certain = this.#layout !== undefined;
    const followed = this.#tail.follow({
      set: (bytes, key, keyEnd) => {
        if (this.#layout === undefined) return;
        const text = bytes.toString('latin1', key, keyEnd);
        if (kindOfKey(text, this.#layout) !== 'inbox') return;
        for (const mailbox of mailboxesOf(text, this.#layout, this.#rules())) names.add(mailbox);
      },
      // The record does not say which key was deleted: to know that, one would have to hold all keys.
      deleted: () => {
        certain = false;
      },
    });
    if (followed.kind === 'lost') {
      this.#begin();
      return undefined;
    }
    return certain ? [...names] : undefined;
  }

  close(): void {
    this.#tail.close();
  }

  #begin(): void {
    this.#breaks += 1;
    this.#layout = undefined;
    try {
      this.#layout = layoutAtStart(this.#tail.begin().file);
    } catch {
      // The file is missing, may not be read, or is no mailbox list: then the clock works without the names.
      this.#tail.close();
    }
  }
}
