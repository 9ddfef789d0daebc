// The directory: it tells whether a plain name is in the mailbox list, since lmtpd would only look it up in the same file. It
// answers while the clock vouches for our copy of the list. Now and then an answer is compared with that of lmtpd: if the two
// disagree once on whether a mailbox exists, the directory is off until the next start. No I/O of its own.
import type { Log } from '../../log/verb.js';
import type { Listing, Proof } from '../../validation/proof.js';
import type { AddressRules, Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';
import type { ChangeReader } from './clock.js';
import { HeldList, type ListStanding } from './held-list.js';
import type { ListFiles } from './list-reader.js';
import { isListable } from './listable.js';
import { mailboxesOf } from './names.js';
import { Sample } from './sample.js';

/** How the directory stands, for metrics and doctor. */
export type DirectoryState = {
  readonly standing: ListStanding;
  /** Why it is waiting or off; undefined where it is not. */
  readonly reason: string | undefined;
  readonly mailboxes: number;
  /** How often the list was loaded. */
  readonly loads: number;
  /** How often lmtpd confirmed an answer. */
  readonly confirmed: number;
  /** Mailboxes that are missing since the last load though nobody deleted them. Then every "unknown" is deferred. */
  readonly missing: number;
};

export type DirectoryParts = {
  readonly files: ListFiles;
  /** Tells which names changed while we have no copy of the list. */
  readonly names: ChangeReader;
  readonly rules: () => AddressRules;
  /** The clock, which asks this directory for changes. */
  readonly proof: () => Proof;
  /** Asks lmtpd itself, past everything that is remembered. */
  readonly ask: (recipient: Recipient, deadline: number) => Promise<Verdict>;
  /** Resolves when others have had their turn. */
  readonly pause: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Log;
};

/** Milliseconds between two beats: so short that no list is repacked twice meanwhile, which we could not follow. */
export const BEAT_MS = 100;

export class Directory implements ChangeReader {
  readonly #parts: DirectoryParts;
  readonly #list: HeldList;
  readonly #listed: Sample;
  readonly #unlisted: Sample;
  /** The number of the last load after which changed() has been called. */
  #toldLoad = 0;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
    this.#list = new HeldList(parts);
    this.#listed = this.#sampleOf('listed', ({ kind }) => kind !== 'unknown');
    this.#unlisted = this.#sampleOf('unlisted', ({ kind }) => kind === 'unknown');
  }

  get state(): DirectoryState {
    const { standing, reason, loads, missing, keys } = this.#list;
    const confirmed = this.#listed.count + this.#unlisted.count;
    return { standing, reason, loads, missing, mailboxes: keys?.listed ?? 0, confirmed };
  }

  /** Whether mailboxes are missing, or may be: then lmtpd would call them unknown too. */
  get deferUnknown(): boolean {
    return this.#list.doubtful;
  }

  get breaks(): number {
    return this.#list.losses + this.#parts.names.breaks;
  }

  get following(): boolean {
    return this.#list.keys !== undefined || this.#parts.names.following;
  }

  /** To be called each BEAT_MS: loads the list where we have no copy, and looks at the clock, since nobody may have asked. */
  beat(): Promise<void> {
    this.#parts.proof().floor(this.#parts.now());
    return this.#list.load();
  }

  /** What the list says of a recipient. Call it after the clock was looked at for the same request. */
  answer(recipient: Recipient): Listing {
    const { keys } = this.#list;
    if (keys === undefined || !this.#parts.proof().vouchesForUnknown) return undefined;
    const { mailbox, detail } = recipient;
    if (!isListable(recipient)) return undefined;
    switch (keys.stateOf(mailbox)) {
      case 'present':
        this.#listed.take(recipient);
        return 'listed';
      case 'other':
        return undefined;
      case 'absent':
      case undefined:
        // There is no such user, but the detail may name a shared mailbox.
        if (detail !== undefined || this.#list.doubtful) return undefined;
        this.#unlisted.take(recipient);
        return this.#unlisted.confirmed ? 'unlisted' : undefined;
    }
  }

  changed(): readonly string[] | undefined {
    if (!this.#list.follow()) return this.#parts.names.changed();
    const { loads, layout } = this.#list;
    const told = loads === this.#toldLoad;
    this.#toldLoad = loads;
    const touched = this.#list.takeTouched();
    // Commits before a load are contained in it, so we do not know which names they changed.
    if (!told) return undefined;
    return touched.flatMap((key) => mailboxesOf(key, layout, this.#parts.rules()));
  }

  close(): void {
    this.#list.close();
    this.#parts.names.close();
  }

  #sampleOf(answer: 'listed' | 'unlisted', agrees: (verdict: Verdict) => boolean): Sample {
    const { ask, now } = this.#parts;
    return new Sample({
      ask,
      now,
      state: () => this.#stateNow(),
      said: ({ mailbox }, verdict) => {
        if (agrees(verdict)) return;
        this.#list.turnOff(`${mailbox} is ${answer}, and ${verdict.kind} to lmtpd`);
      },
    });
  }

  /** NaN where we have no copy of the list, since NaN is equal to nothing. */
  #stateNow(): number {
    this.#parts.proof().floor(this.#parts.now());
    const { keys, loads } = this.#list;
    return keys === undefined ? Number.NaN : loads * 1e9 + keys.changes;
  }
}
