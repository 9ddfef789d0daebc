// Witnesses are mailboxes that must exist, one for each server behind the back-channel. We ask about them before and after those
// that are unknown. A Cyrus whose mailboxes.db is missing says `550 5.1.1` to everybody, and an admin who lost his rights hears
// "Mailbox does not exist" for everything. Then the witness is unknown too, and no "unknown" of that batch is believed. No I/O.
import type { Recipient } from '../../validation/recipient.js';
import { deferred, type Verdict } from '../../validation/verdict.js';

/** How many confirmed mailboxes are remembered. There must be others left if one of them is deleted. */
const LEARNED_WITNESSES_MAX = 8;

export interface WitnessAlarm {
  /** No canary is configured, and Cyrus has not confirmed any mailbox yet. */
  missing(): void;
  /** Cyrus was asked about the witness, and did not say that it exists. */
  failed(witness: Recipient, verdict: Verdict): void;
  /** After `failed` or `missing`: Cyrus says again that the witnesses exist. */
  recovered(witness: Recipient): void;
}

export class Witness {
  readonly #canaries: readonly Recipient[];
  readonly #alarm: WitnessAlarm;
  readonly #learned: Recipient[] = [];
  #alarmed: 'missing' | 'failed' | undefined;
  #stood = false;

  /** @param canaries the configured mailboxes; without any, the mailbox that Cyrus confirmed last is the witness */
  constructor(canaries: readonly Recipient[], alarm: WitnessAlarm) {
    this.#canaries = canaries;
    this.#alarm = alarm;
  }

  /** The configured witnesses. */
  get canaries(): readonly Recipient[] {
    return this.#canaries;
  }

  /** Mailboxes that Cyrus confirmed, the last one at the end. */
  get learned(): readonly Recipient[] {
    return this.#learned;
  }

  /** Whether an "unknown" would be believed; `untried` before the first one. */
  get state(): 'standing' | 'failed' | 'missing' | 'untried' {
    return this.#alarmed ?? (this.#stood ? 'standing' : 'untried');
  }

  /**
   * The witnesses to ask about before and after the unknown mailboxes, all of which must exist; empty where there are none yet.
   * @param denied mailboxes that Cyrus just called unknown: a learned witness among them is not used
   */
  candidates(denied: ReadonlySet<string>): readonly Recipient[] {
    if (this.#canaries.length > 0) return this.#canaries;
    const learned = this.#learned.findLast(({ mailbox }) => !denied.has(mailbox));
    return learned === undefined ? [] : [learned];
  }

  /** Remembers a mailbox that Cyrus just confirmed. Where canaries are configured, it is never asked about. */
  learn(recipient: Recipient): void {
    const known = this.#learned.findIndex((learned) => learned.mailbox === recipient.mailbox);
    if (known !== -1) this.#learned.splice(known, 1);
    this.#learned.push(recipient);
    if (this.#learned.length > LEARNED_WITNESSES_MAX) this.#learned.shift();
  }

  /**
   * Judges whether an "unknown" may be believed, given the verdicts on the witnesses. Each kind of doubt raises the alarm once.
   * @param witnesses the mailboxes that were asked about
   * @param said the verdicts on all of them, in this order, once or twice. Deliverable and overquota both show that they exist
   * @returns undefined where "unknown" may be believed; otherwise the deferred verdict that takes its place
   */
  judge(witnesses: readonly Recipient[], said: readonly Verdict[]): Verdict | undefined {
    const [first] = witnesses;
    if (first === undefined || said.length < witnesses.length) {
      if (this.#alarmed !== 'missing') this.#alarm.missing();
      this.#alarmed = 'missing';
      return deferred('no witness mailbox is known yet: set the canary of the back-channel');
    }
    const at = said.findIndex(({ kind }) => kind !== 'deliverable' && kind !== 'overquota');
    const against = said[at];
    if (against === undefined) {
      if (this.#alarmed !== undefined) this.#alarm.recovered(first);
      this.#alarmed = undefined;
      this.#stood = true;
      return undefined;
    }
    const witness = witnesses[at % witnesses.length] ?? first;
    this.#demote(witness.mailbox);
    if (this.#alarmed !== 'failed') this.#alarm.failed(witness, against);
    this.#alarmed = 'failed';
    return deferred(
      `the witness mailbox ${witness.address} is ${against.kind}: Cyrus may have lost its mailboxes`,
    );
  }

  /** Puts a witness behind the others. It is not removed: if Cyrus has lost all mailboxes for now, it may well come back. */
  #demote(mailbox: string): void {
    const known = this.#learned.findIndex((learned) => learned.mailbox === mailbox);
    if (known !== -1) this.#learned.unshift(...this.#learned.splice(known, 1));
  }
}
