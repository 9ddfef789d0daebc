// The clock: a proof of currency for a daemon on the host of Cyrus. Each commit of Cyrus to mailboxes.db changes the identity of
// the file before the lock is released, and no process of Cyrus reads the old state after the first byte was written. So what was
// asked while the identity stayed the same is as true as if it were asked now. No I/O of its own: a FileSight does the looking.
import type { Log } from '../../log/log.js';
import type { Listing, Proof } from '../../validation/proof.js';
import type { Recipient } from '../../validation/recipient.js';
import { isYoung, sameIdentity, type Identity } from './identity.js';
import type { FileSight, Unseen } from './list-file.js';
import { kindVouches, vouchingFileSystem } from './vouching.js';
import * as verbs from '../../log/verbs/clock.js';

/** `limited`: changes outdate what is remembered, but no "no" may be remembered. `deferring`: every "unknown" is deferred now. */
export type ClockStanding = 'vouching' | 'limited' | 'deferring' | 'off';

/** How the clock stands, for metrics and doctor. */
export type ClockState = {
  readonly standing: ClockStanding;
  /** Why it does not vouch; undefined where it does. */
  readonly reason: string | undefined;
  /** How often the identity was found changed: on a busy host it is suspicious if that never happens. */
  readonly changes: number;
};

/** The reader that can tell which mailboxes the last commits changed. */
export type ChangeReader = {
  /**
   * @returns the mailboxes that changed since the last call, under the names of Recipient's `mailbox`; undefined where
   *   that is not known, so that any mailbox may have changed
   */
  changed(): readonly string[] | undefined;
  /** How often it lost its place or began anew. While this number stays the same, it has read every commit. */
  readonly breaks: number;
  /** Whether it is reading commits now. */
  readonly following: boolean;
  /** Whether mailboxes are missing that nobody deleted: then an "unknown" may be one of these. */
  readonly deferUnknown?: boolean;
  /** What the list says of a recipient, if the reader holds the whole list. */
  answer?(recipient: Recipient): Listing;
  close(): void;
};

export type ClockParts = {
  /** The path of mailboxes.db, for the log. */
  readonly path: string;
  readonly sight: FileSight;
  /** `mboxlist_db` of imapd.conf. */
  readonly kind: string;
  /** The type of the file system on which the list is now, from statfs(2); undefined where that fails. */
  readonly fileSystem: () => number | undefined;
  readonly platform: NodeJS.Platform;
  /** Whether `mupdate_server` is set: then a mailbox may exist that the mupdate master has not told this server yet. */
  readonly mupdate: boolean;
  /** Files that are looked at once a second, by path: a change of user_deny.db or imapd.conf outdates everything. */
  readonly companions: ReadonlyMap<string, FileSight>;
  /** Undefined where the list may not be read: then each change outdates everything. */
  readonly names: ChangeReader | undefined;
  readonly forget: (mailbox: string) => void;
  /**
   * Calls `then` before any more bytes are read, of requests or of answers: until then one look is enough.
   * Undefined: there is a look for each request.
   */
  readonly beforeReading?: (then: () => void) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970, by the clock that gives files their times. */
  readonly wall: () => number;
  readonly log: Log;
};

/** The size of a twoskip file without entries: header and dummy record. Cyrus makes such a file at its start if there is none. */
export const EMPTY_LIST_BYTES = 336;
const CHECK_MS = 1_000;
/** A changed imapd.conf is read by new processes of lmtpd only: until all old ones are replaced it takes a minute or so. */
const COMPANION_GRACE_MS = 120_000;

/** The reason of a clock that has not looked at the file yet. */
export const NOT_LOOKED_YET = 'not looked at yet';

export class Clock implements Proof {
  readonly #parts: ClockParts;
  readonly #companions: Map<string, Identity | Unseen>;
  #names: ChangeReader | undefined;
  #standing: ClockStanding = 'limited';
  #reason: string | undefined = NOT_LOOKED_YET;
  #changes = 0;
  #floor = -Infinity;
  /** The identity of the last look, if the file's time was old enough that any later write must change it; otherwise undefined. */
  #settled: Identity | undefined;
  /** When that identity was first seen, old enough. */
  #settledAt = -Infinity;
  #last: Identity | undefined;
  /** Whether that identity was seen again, and nothing was read from anybody since: then no new look is needed. */
  #stands = false;
  #nextCheck = -Infinity;
  #companionChangedAt = -Infinity;
  #breaks = 0;
  #followedSince: number | undefined;

  constructor(parts: ClockParts) {
    this.#parts = parts;
    this.#names = parts.names;
    this.#companions = new Map();
    for (const [path, sight] of parts.companions) this.#companions.set(path, sight.look());
    if (kindVouches(parts.kind) === 'nothing') {
      this.#stand('off', `mboxlist_db is ${parts.kind}: its file does not show each change`);
    }
  }

  get state(): ClockState {
    return { standing: this.#standing, reason: this.#reason, changes: this.#changes };
  }

  describe(): string {
    const why = this.#reason === undefined ? '' : `: ${this.#reason}`;
    return `clock of ${this.#parts.path}: ${this.#standing}${why}`;
  }

  /** Undefined unless the clock vouches: the list may have been replaced unseen, or deletes may come from a mupdate master. */
  get followedSince(): number | undefined {
    return this.vouchesForUnknown && this.#names?.following === true ? this.#followedSince : undefined;
  }

  get vouchesForUnknown(): boolean {
    return this.#standing === 'vouching';
  }

  get deferUnknown(): boolean {
    return this.#standing === 'deferring' || this.#names?.deferUnknown === true;
  }

  /**
   * The floor is the time of the first look that saw the present identity, old enough. What was asked since then was asked between
   * two looks with the same identity, and a write after the first of them would have changed it: so nothing was committed in
   * between. It does no harm that a question is sent a little later than its time says, even if Cyrus changes in between: then the
   * answer is newer than its time, and this look or the next one outdates it.
   * @param now a time read before this call, and after anything that was asked before it
   */
  floor(now: number): number {
    if (this.#standing === 'off') return this.#floor;
    if (now >= this.#nextCheck) this.#check(now);
    else if (this.#neverSeen) return this.#floor;
    if (this.#stands) return this.#floor;
    const seen = this.#parts.sight.look();
    if (typeof seen === 'string') return this.#unseen(seen);
    if (seen.size <= EMPTY_LIST_BYTES) return this.#defer('the mailbox list is empty');
    const young = isYoung(seen, this.#parts.wall());
    if (!young && this.#settled !== undefined && sameIdentity(seen, this.#settled)) {
      this.#standUntilReading();
      return this.#floor;
    }
    return this.#moved(seen, young, now);
  }

  /**
   * A check of the clock itself. It looks once more, since Cyrus may have changed the list after the last look and before it
   * answered. If the identity has been the same since the older question, it does not show every change: the clock is turned off.
   */
  contradicted(asked: number): void {
    const { now } = this.#parts;
    const before = this.#settled;
    const floor = this.floor(now());
    if (before === undefined || this.#settled !== before) return;
    if (asked < this.#companionChangedAt + COMPANION_GRACE_MS) return;
    if (asked >= this.#settledAt) {
      this.#floor = now();
      this.#settled = undefined;
      this.#stand('off', 'a mailbox came or went while the identity of the list stood still');
    } else if (asked >= floor) {
      this.#dropNames();
      this.#floor = now();
    }
  }

  /** The list is asked only while the clock vouches. */
  listing(recipient: Recipient): Listing {
    return this.vouchesForUnknown ? this.#names?.answer?.(recipient) : undefined;
  }

  close(): void {
    this.#parts.sight.close();
    for (const sight of this.#parts.companions.values()) sight.close();
    this.#names?.close();
  }

  #standUntilReading(): void {
    const { beforeReading } = this.#parts;
    if (beforeReading === undefined) return;
    this.#stands = true;
    beforeReading(this.#lookAgain);
  }

  readonly #lookAgain = (): void => {
    this.#stands = false;
  };

  get #neverSeen(): boolean {
    return this.#last === undefined && this.#standing === 'limited';
  }

  /** The identity is another one than at the last look, or so young that it could hide a write. */
  #moved(seen: Identity, young: boolean, now: number): number {
    const last = this.#last;
    this.#last = seen;
    this.#settled = young ? undefined : seen;
    this.#settledAt = now;
    if (last !== undefined && !sameIdentity(seen, last)) this.#changes += 1;
    if (last?.dev !== seen.dev || this.#standing === 'deferring') this.#stand(...this.#judge());
    // The names are read even where everything is outdated, so that the reader can tell the next changes from here on.
    const changed = this.#names?.changed();
    this.#noteBreaks(now);
    if (changed === undefined || this.#floor === Infinity) this.#floor = now;
    else for (const mailbox of changed) this.#parts.forget(mailbox);
    return this.#floor;
  }

  #noteBreaks(now: number): void {
    const breaks = this.#names?.breaks ?? 0;
    if (breaks === this.#breaks) return;
    this.#breaks = breaks;
    this.#followedSince = now;
  }

  #judge(): [ClockStanding, string | undefined] {
    const { kind, mupdate, fileSystem, platform } = this.#parts;
    if (kindVouches(kind) !== 'all') return ['limited', `mboxlist_db is ${kind}`];
    if (mupdate) return ['limited', 'mupdate_server is set'];
    const type = fileSystem();
    if (type === undefined) return ['limited', 'its file system is not known'];
    if (vouchingFileSystem(type, platform) !== undefined) return ['vouching', undefined];
    return ['limited', `its file system, type 0x${type.toString(16)}, may show a change late`];
  }

  /** Where we could never look at the file, there is just no proof. Where we could before, somebody is changing something there. */
  #unseen(why: Unseen): number {
    if (why === 'missing') return this.#defer('the mailbox list is missing');
    if (this.#last !== undefined) return this.#defer('the mailbox list cannot be looked at any more');
    this.#stand('limited', 'the mailbox list cannot be looked at: the right to search its folder is missing');
    return this.#floor;
  }

  #defer(reason: string): number {
    this.#settled = undefined;
    this.#stand('deferring', reason);
    this.#floor = Infinity;
    return Infinity;
  }

  #check(now: number): void {
    this.#nextCheck = now + CHECK_MS;
    this.#parts.sight.verify();
    for (const [path, sight] of this.#parts.companions) {
      const seen = sight.look();
      const last = this.#companions.get(path);
      if (last === undefined || same(seen, last)) continue;
      this.#companions.set(path, seen);
      this.#companionChangedAt = now;
      if (this.#floor !== Infinity) this.#floor = now;
    }
  }

  #dropNames(): void {
    this.#names?.close();
    this.#names = undefined;
    verbs.clockNamesOff(this.#parts.log, { path: this.#parts.path });
  }

  #stand(standing: ClockStanding, reason: string | undefined): void {
    if (standing === this.#standing && reason === this.#reason) return;
    this.#standing = standing;
    this.#reason = reason;
    const { log, path } = this.#parts;
    switch (standing) {
      case 'vouching':
        verbs.clockVouches(log, { path });
        return;
      case 'limited':
        verbs.clockLimited(log, { path, reason });
        return;
      case 'deferring':
        verbs.clockDeferring(log, { path, reason });
        return;
      case 'off':
        verbs.clockOff(log, { path, reason });
        return;
    }
  }
}

function same(a: Identity | Unseen, b: Identity | Unseen): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return sameIdentity(a, b);
}
