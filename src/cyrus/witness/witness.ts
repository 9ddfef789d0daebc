// The mailboxes that must exist, one for each server behind: asked before and after the unknowns of a batch. A Cyrus whose mailboxes.db is
// missing says `550 5.1.1` to everybody, and an admin who lost his rights hears "Mailbox does not exist"
// for everything; then the witness is unknown too, and no unknown of that batch is believed. No I/O.
import type { Recipient } from '../../validation/recipient.js';
import { deferred, type Verdict } from '../../validation/verdict.js';

/** How many confirmed mailboxes are remembered: one that was deleted since must not be the last one. */
export const LEARNED_WITNESSES_MAX = 8;

export interface WitnessAlarm {
  /** No canary is configured and no mailbox was confirmed yet. */
  missing(): void;
  /** The witness was asked and did not answer as an existing mailbox does. */
  failed(witness: Recipient, verdict: Verdict): void;
  /** After `failed` or `missing`: a witness answered again. */
  recovered(witness: Recipient): void;
}

export class Witness {
  readonly #canaries: readonly Recipient[];
  readonly #alarm: WitnessAlarm;
  readonly #learned: Recipient[] = [];
  #alarmed: 'missing' | 'failed' | undefined;
  #stood = false;

  /** @param canaries the configured mailboxes; without any the mailbox most recently confirmed is asked */
  constructor(canaries: readonly Recipient[], alarm: WitnessAlarm) {
    this.#canaries = canaries;
    this.#alarm = alarm;
  }

  /** The configured ones. */
  get canaries(): readonly Recipient[] {
    return this.#canaries;
  }

  /** Whether an unknown would be believed; `untried` before the first one. */
  get state(): 'standing' | 'failed' | 'missing' | 'untried' {
    return this.#alarmed ?? (this.#stood ? 'standing' : 'untried');
  }

  /**
   * The mailboxes to ask around the unknowns, all of which must exist; none where there is none yet.
   * @param denied mailboxes that this batch just called unknown: a learned one among them is no witness
   */
  candidates(denied: ReadonlySet<string>): readonly Recipient[] {
    if (this.#canaries.length > 0) return this.#canaries;
    const learned = this.#learned.findLast(({ mailbox }) => !denied.has(mailbox));
    return learned === undefined ? [] : [learned];
  }

  /** A mailbox that Cyrus just confirmed. Costs nothing where a canary is configured. */
  learn(recipient: Recipient): void {
    if (this.#canaries.length > 0) return;
    const last = this.#learned.at(-1);
    if (last?.mailbox === recipient.mailbox) return;
    const known = this.#learned.findIndex((learned) => learned.mailbox === recipient.mailbox);
    if (known !== -1) this.#learned.splice(known, 1);
    this.#learned.push(recipient);
    if (this.#learned.length > LEARNED_WITNESSES_MAX) this.#learned.shift();
  }

  /**
   * What an unknown is worth, given what the witnesses said. Each kind of doubt is alarmed once.
   * @param witnesses the mailboxes that were asked
   * @param said their verdicts, of all of them in this order, once or more; deliverable and overquota both show that Cyrus knows its mailboxes
   * @returns undefined where the unknowns stand, else the deferred verdict that takes their place
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

  /** The others are asked before it. It is kept: when Cyrus has lost all mailboxes, it has not lost this one alone. */
  #demote(mailbox: string): void {
    const known = this.#learned.findIndex((learned) => learned.mailbox === mailbox);
    if (known !== -1) this.#learned.unshift(...this.#learned.splice(known, 1));
  }
}
