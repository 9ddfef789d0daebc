// Whether Cyrus is there. It is down after a failure that leaves no session, and up again with the first answer: a greeting
// alone is none. Between attempts there is a pause. Tells the log of both. No I/O but that.
import { DownError, LoginError, messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import * as verbs from '../../log/verbs/backchannels.js';
import { Backoff, type BackoffLimits } from './backoff.js';

/** Sessions lost in a row, with no answer in between: from then on it is not a mailbox but Cyrus. */
const LOSSES_MAX = 8;

export type PresenceParts = {
  readonly name: string;
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
  /** It may have been another Cyrus meanwhile. */
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

  /** Whether nobody is to be asked for a while. */
  get pausing(): boolean {
    return this.#backoff.active;
  }

  /** Why it is down; undefined where it is not known to be. */
  get down(): Error | undefined {
    return this.#down;
  }

  /** For whoever asks while it is down. */
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

  /** A session was lost with what it was asked. @returns whether it is one too many */
  lost(): boolean {
    this.#losses += 1;
    return this.#losses >= LOSSES_MAX;
  }

  /** Somebody listens where nobody did: there is no reason to wait any longer. */
  found(): void {
    this.#backoff.end();
  }

  /** Still nobody: the pause goes on. */
  absent(error: Error): void {
    this.#down = error;
  }

  /**
   * Pauses longer after each failure. Down is told once, or twice where it turns out that we are not let in.
   * @param othersLeft sessions that can be asked
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
