// The clock: a proof of currency for the daemon on Cyrus' own host. Each commit of Cyrus' to mailboxes.db changes the file's
// identity before its lock is given back, and nobody reads the old state after its first byte was written; so what was
// asked while the identity stood still is as true as if it were asked now. No I/O of its own: it is given its sights.
import type { Log } from '../../log/log.js';
import type { Listing, Proof } from '../../validation/proof.js';
import type { Recipient } from '../../validation/recipient.js';
import { isYoung, sameIdentity, type Identity } from './identity.js';
import type { FileSight, Unseen } from './list-file.js';
import { kindVouches, vouchingFileSystem } from './vouching.js';
import * as verbs from '../../log/verbs/clock.js';

/** `limited`: what is remembered is outdated in time, but no "no" is vouched for. `deferring`: nobody is unknown now. */
export type ClockStanding = 'vouching' | 'limited' | 'deferring' | 'off';

/** For metrics and doctor. */
export type ClockState = {
  readonly standing: ClockStanding;
  /** Why it does not vouch; undefined where it does. */
  readonly reason: string | undefined;
  /** How often the identity was found changed: a clock that never moves is suspicious on a busy host. */
  readonly changes: number;
};

/** Who can tell which mailboxes the last commits changed. */
export type ChangeReader = {
  /**
   * @returns the mailboxes changed since the last call, as Recipient's `mailbox` names them; undefined where that is
   *   not known, so that anything may have changed
   */
  changed(): readonly string[] | undefined;
  /** How often it lost its place, or began anew: only between two of those is each commit read. */
  readonly breaks: number;
  /** Whether it reads commits just now. */
  readonly following: boolean;
  /** Whether mailboxes went missing that nobody deleted, so that an unknown may be one of them. */
  readonly deferUnknown?: boolean;
  /** What it says of a recipient, if it holds the whole list. */
  answer?(recipient: Recipient): Listing;
  close(): void;
};

export type ClockParts = {
  /** Of mailboxes.db, for the log. */
  readonly path: string;
  readonly sight: FileSight;
  /** `mboxlist_db` of imapd.conf. */
  readonly kind: string;
  /** The type of the file system that holds the list now, as statfs(2) has it; undefined where that fails. */
  readonly fileSystem: () => number | undefined;
  readonly platform: NodeJS.Platform;
  /** Whether `mupdate_server` is set: an unknown there may be one that the stream has not brought yet. */
  readonly mupdate: boolean;
  /** Files that are looked at once a second, by path: a change of user_deny.db or imapd.conf outdates everything. */
  readonly companions: ReadonlyMap<string, FileSight>;
  /** Undefined where the list may not be read: then each change outdates everything. */
  readonly names: ChangeReader | undefined;
  readonly forget: (mailbox: string) => void;
  /**
   * Calls back before anything more is read of anybody, requests or answers: until then a look is as new as it has to be.
   * Undefined: each time it is looked anew.
   */
  readonly beforeReading?: (then: () => void) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970, of the clock that stamps files. */
  readonly wall: () => number;
  readonly log: Log;
};

/** A twoskip file without any entry: its header and the dummy record. Cyrus makes one at its start where it is missing. */
export const EMPTY_LIST_BYTES = 336;
const CHECK_MS = 1_000;
/** lmtpd takes a changed imapd.conf up as its processes are replaced, which takes a minute or so. */
const COMPANION_GRACE_MS = 120_000;

/** Of a clock that was asked nothing so far. */
export const NOT_LOOKED_YET = 'not looked at yet';

export class Clock implements Proof {
  readonly #parts: ClockParts;
  readonly #companions: Map<string, Identity | Unseen>;
  #names: ChangeReader | undefined;
  #standing: ClockStanding = 'limited';
  #reason: string | undefined = NOT_LOOKED_YET;
  #changes = 0;
  #floor = -Infinity;
  /** The identity of the last look; undefined unless it was old enough to differ after any later write. */
  #settled: Identity | undefined;
  /** When that identity was first seen settled. */
  #settledAt = -Infinity;
  #last: Identity | undefined;
  /** That identity was seen standing, and nothing was read since. */
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

  /** Only while it vouches: else an exchanged list may not have been seen yet, or deletes may come from a mupdate master. */
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
   * The time of the first look that saw the present identity settled. Whatever was asked since then was asked between two
   * looks that saw the same, the first of them too old to hide a later write; so nothing was committed in between. It
   * does not matter that a question is written later than it is stamped, nor that Cyrus changes in between: then the
   * answer is newer than its time, and this look, or the next one, outdates it.
   * @param now read before this call and after anything that was asked before it
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
   * The proof of the proof. Looks once more, since Cyrus may have changed after the last look and before it answered; if
   * the identity stood since the older question, it does not show what it should, and is not asked any more.
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

  /** The list is only asked while nothing is left to be said against it. */
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

  /** Another identity than that of the last look, or one that could hide a write. */
  #moved(seen: Identity, young: boolean, now: number): number {
    const last = this.#last;
    this.#last = seen;
    this.#settled = young ? undefined : seen;
    this.#settledAt = now;
    if (last !== undefined && !sameIdentity(seen, last)) this.#changes += 1;
    if (last?.dev !== seen.dev || this.#standing === 'deferring') this.#stand(...this.#judge());
    // Read even where everything is outdated, so that the next change is told from here on.
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

  /** Not let in from the start, it was never a witness of anything. Later on, somebody is at work there. */
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
