// Guards against a mailbox list of Cyrus that is only partly there, restored by hand or half filled: it denies every mailbox that
// is missing in it, even while the witness is found. So where a known mailbox is unknown now and nothing told us of a change, we
// ask about other known ones at once: if some of them vanished too, the mailbox is deferred. No I/O; time is a parameter.
import type { Recipient } from './recipient.js';
import { deferred, type Verdict } from './verdict.js';

export type VanishAlarm = {
  /** Several mailboxes vanished together: none of them is answered as unknown. */
  readonly vanished: (backchannel: string, mailboxes: number) => void;
  /** After such an alarm: the other mailboxes are there again. */
  readonly back: (backchannel: string) => void;
};

export const NO_ALARM: VanishAlarm = { vanished: () => undefined, back: () => undefined };

/** How many known mailboxes are kept as a sample, to be asked about. */
const SAMPLE = 32;
/** Only one in so many confirmed mailboxes goes into a full sample, so that the sample stays old. */
const KEPT_FOR = 16;
/** Mailboxes are also deleted without our being told. So where no more than these are missing after FEW_AFTER_MS, we believe it. */
const FEW = 2;
const FEW_AFTER_MS = 30_000;
/** How often we ask about the sample while some of it is missing, in milliseconds. */
const LOOK_EACH_MS = 5_000;

export type Ask = (recipient: Recipient) => Promise<Verdict>;

/** There is one for each back-channel. */
export class Vanished {
  readonly #name: string;
  readonly #alarm: VanishAlarm;
  readonly #now: () => number;
  readonly #sample: Recipient[] = [];
  #confirmations = 0;
  /** Since when some mailboxes of the sample are missing; Infinity where none is. */
  #since = Infinity;
  #lookAgain = -Infinity;
  #alarmed = false;

  /** @param name the name of the back-channel; @param now monotonic milliseconds */
  constructor(name: string, alarm: VanishAlarm, now: () => number) {
    this.#name = name;
    this.#alarm = alarm;
    this.#now = now;
  }

  /** Cyrus just said that a mailbox exists. */
  confirmed(recipient: Recipient): void {
    this.#confirmations += 1;
    const full = this.#sample.length >= SAMPLE;
    if (full && this.#confirmations % KEPT_FOR !== 0) return;
    if (this.#sample.some(({ mailbox }) => mailbox === recipient.mailbox)) return;
    const place = full ? Math.floor(this.#confirmations / KEPT_FOR) % SAMPLE : this.#sample.length;
    this.#sample[place] = recipient;
  }

  /**
   * Judges whether we may believe that a mailbox which was known is unknown now.
   * @param ask asks about another mailbox
   * @param isDeleted tells whether another mailbox that is unknown was deleted for sure
   * @returns undefined where we may believe it; otherwise the deferred verdict that takes the place of "unknown"
   */
  async judge(
    vanished: Recipient,
    ask: Ask,
    isDeleted: (other: Recipient) => boolean,
  ): Promise<Verdict | undefined> {
    if (this.#now() < this.#lookAgain) return doubt(vanished);
    const others = this.#sample.filter(({ mailbox }) => mailbox !== vanished.mailbox);
    const said = await Promise.allSettled(others.map(ask));
    const kinds = said.map((each) => (each.status === 'fulfilled' ? each.value.kind : 'deferred'));
    const missing = others.filter((other, i) => kinds[i] === 'unknown' && !isDeleted(other)).length;
    const there = kinds.filter((kind) => kind !== 'unknown').length;
    if (missing === 0 && kinds.includes('deferred')) return doubt(vanished);
    if (missing > 0 && !this.#isFew(missing, there)) return this.#missing(vanished, missing);
    this.#forget((mailbox) => {
      const at = others.findIndex((each) => each.mailbox === mailbox);
      return mailbox === vanished.mailbox || kinds[at] === 'unknown';
    });
    this.#since = Infinity;
    if (this.#alarmed) this.#alarm.back(this.#name);
    this.#alarmed = false;
    return undefined;
  }

  #isFew(missing: number, there: number): boolean {
    if (missing > FEW || there < 2 * missing) return false;
    return this.#now() - this.#since >= FEW_AFTER_MS;
  }

  #missing(vanished: Recipient, missing: number): Verdict {
    const now = this.#now();
    this.#since = Math.min(this.#since, now);
    this.#lookAgain = now + LOOK_EACH_MS;
    if (!this.#alarmed) this.#alarm.vanished(this.#name, missing + 1);
    this.#alarmed = true;
    return doubt(vanished);
  }

  #forget(gone: (mailbox: string) => boolean): void {
    const kept = this.#sample.filter(({ mailbox }) => !gone(mailbox));
    this.#sample.splice(0, this.#sample.length, ...kept);
  }
}

function doubt({ address }: Recipient): Verdict {
  return deferred(
    `${address} existed before, and other mailboxes vanished with it: Cyrus may have lost mailboxes`,
  );
}
