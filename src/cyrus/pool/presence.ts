// Whether Cyrus is there. It is "down" after a failure that leaves no session, and "up" again with the first answer; a greeting
// alone is not enough. Between two attempts there is a pause. It writes both changes to the log, and does no other I/O.
import { DownError, LoginError, messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import * as verbs from '../../log/verbs/backchannels.js';
import { Backoff, type BackoffLimits } from './backoff.js';

/** When so many sessions were lost in a row without an answer, the cause is not one mailbox, but Cyrus. */
const LOSSES_MAX = 8;

export type PresenceParts = {
  readonly name: string;
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
  /** Called when Cyrus is up again: it may have been restarted, and mailboxes may have changed. */
  readonly restarted: () => void;
};

export class Presence {
  readonly #parts: PresenceParts;
  readonly #backoff: Backoff;
  #down: Error | undefined;
  #losses = 0;
  /** When Cyrus answered last, in monotonic milliseconds. */
  answeredAt: number | undefined;

  constructor(limits: BackoffLimits, parts: PresenceParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(limits, parts.now, parts.random);
  }

  /** Whether no session may be opened for a while. */
  get pausing(): boolean {
    return this.#backoff.active;
  }

  /** Why it is down; undefined where it is up, or was not tried yet. */
  get down(): Error | undefined {
    return this.#down;
  }

  /** The error for those who ask while it is down. */
  refusal(): DownError {
    const why = this.#down === undefined ? 'the last session was lost' : messageOf(this.#down);
    return new DownError(`back-channel ${this.#parts.name} is down: ${why}`, { cause: this.#down });
  }

  answered(): void {
    this.answeredAt = this.#parts.now();
    this.#losses = 0;
    this.#backoff.succeeded();
    if (this.#down === undefined) return;
    this.#down = undefined;
    verbs.backendUp(this.#parts.log, { backchannel: this.#parts.name });
    this.#parts.restarted();
  }

  /** A session was lost with its questions. @returns whether so many were lost that Cyrus itself must be the cause */
  lost(): boolean {
    this.#losses += 1;
    return this.#losses >= LOSSES_MAX;
  }

  /** Somebody listens where nobody did, so the pause ends. */
  found(): void {
    this.#backoff.end();
  }

  /** Still nobody listens, so the pause goes on. */
  absent(error: Error): void {
    this.#down = error;
  }

  /**
   * Begins a pause, longer after each failure. "Down" is logged once; a second time if the login is refused later.
   * @param othersLeft whether there are other sessions that can be asked
   * @returns whether it is down
   */
  failed(error: Error, othersLeft: boolean): boolean {
    const { name, log } = this.#parts;
    const pauseMs = Math.round(
      error instanceof LoginError ? this.#backoff.refused() : this.#backoff.failed(),
    );
    const fields = { backchannel: name, error: messageOf(error), pauseMs };
    if (othersLeft) {
      verbs.sessionRefused(log, fields);
      return false;
    }
    const news = error instanceof LoginError && !(this.#down instanceof LoginError);
    verbs.backendDown.at(this.#down === undefined || news ? 'error' : 'debug', log, fields);
    this.#down = error;
    return true;
  }
}
