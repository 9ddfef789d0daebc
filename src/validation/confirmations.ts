// Asks Cyrus in the background about mailboxes for which "yes" was said already, because a list has them or because the last answer
// is old. Nobody waits for these answers: so they are asked at a pace that leaves lmtpd to those who do wait, and to deliveries. No I/O.
import type { Outcome } from './outcome.js';
import { withoutDetail, type Recipient } from './recipient.js';

/** When a question could not be asked, we wait so many milliseconds before the next one. */
export const CONFIRM_PAUSE_MS = 1_000;
/** One question in so many milliseconds: lmtpd takes about 0.15 ms to open a mailbox. */
export const CONFIRM_EVERY_MS = 1;
/** After a pause so many questions may come at once. */
export const CONFIRM_BURST = 50;
/**
 * When these are used up, we wait until so many may come together: they make one batch, which costs hardly more than one question,
 * and takes lmtpd no longer than a batch may take before others get another session.
 */
export const CONFIRM_TOGETHER = 10;

/** Asks, or joins a question that is under way; never rejects. */
export type Confirm = (user: Recipient, now: number) => Promise<Outcome>;

export class Confirmations {
  readonly #ask: Confirm;
  readonly #now: () => number;
  /** The first question of a long row may have come at this time. */
  #nextAt = -Infinity;
  #quietUntil = -Infinity;

  /** @param now monotonic milliseconds */
  constructor(ask: Confirm, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Asks where the pace allows it. Otherwise the next lookup of the same mailbox comes here again. */
  confirm(recipient: Recipient, now: number): void {
    if (now < this.#quietUntil) return;
    this.#nextAt = Math.max(this.#nextAt, now - (CONFIRM_BURST - 1) * CONFIRM_EVERY_MS) + CONFIRM_EVERY_MS;
    if (this.#nextAt > now) this.#quietUntil = this.#nextAt + (CONFIRM_TOGETHER - 1) * CONFIRM_EVERY_MS;
    const user = recipient.detail === undefined ? recipient : withoutDetail(recipient);
    void this.#ask(user, now).then(({ verdict, source }) => {
      if (verdict.kind === 'deferred' || source === 'stale')
        this.#nextAt = this.#quietUntil = this.#now() + CONFIRM_PAUSE_MS;
    });
  }
}
