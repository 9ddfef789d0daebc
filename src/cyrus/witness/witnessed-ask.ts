// A batch asked with the witness on both sides of what may be unknown, whatever protocol it is asked in: so a
// mailboxes.db that is moved away, or back, or an administrator who is none any more, shows in the witness. No I/O.
import type { Progress } from '../pool/session.js';
import { describeSaid, type WitnessSaid } from '../../validation/evidence.js';
import type { Recipient } from '../../validation/recipient.js';
import { addEvidence, deferred, evidenceAdder, type Verdict } from '../../validation/verdict.js';
import type { Witness } from './witness.js';

/**
 * Asks about all, in one go and in this order.
 * @param told is called with each verdict as it comes
 */
export type AskAll = (
  recipients: readonly Recipient[],
  told: (index: number, verdict: Verdict) => void,
) => Promise<Verdict[]>;

/** The verdicts on the recipients, and what the witness said around them. */
type Round = { readonly verdicts: Verdict[]; readonly said: readonly Verdict[] };

/**
 * How long the end of one batch counts as the beginning of the next. In a flood they follow at once; in a longer pause
 * a mailboxes.db may have been away and come back, unseen by a witness.
 */
const VOUCHED_MS = 20;

const NONE_DENIED: ReadonlySet<string> = new Set();
const NOBODY: readonly Recipient[] = [];

/**
 * One for each session. A proof of currency does not stand in for the witness, not even for one look at the list: a folder above
 * mailboxes.db may have been moved away from lmtpd, and the file's identity is what it was (docs/freshness.md).
 */
export class WitnessedAsk {
  readonly #witness: Witness;
  readonly #askAll: AskAll;
  readonly #now: () => number;
  /** Unknowns come in floods: after one the witness is asked along with the batch, not in a second turn. */
  #expectUnknown = false;
  /** The last thing that was asked here were these mailboxes, and they exist. */
  #vouched: { readonly mailboxes: string; readonly at: number } | undefined;

  /** @param now monotonic milliseconds */
  constructor(witness: Witness, askAll: AskAll, now: () => number) {
    this.#witness = witness;
    this.#askAll = askAll;
    this.#now = now;
  }

  /** @returns a verdict for each, in order, unknown only with the witness behind it */
  async ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]> {
    const early = this.#expectUnknown ? this.#witness.candidates(NONE_DENIED) : NOBODY;
    const { verdicts, said } = await this.#round(batch, early, progress);
    batch.forEach((recipient, i) => {
      const isPlain = recipient.messageBytes === undefined;
      if (isPlain && verdicts[i]?.kind === 'deliverable') this.#witness.learn(recipient);
    });
    const denied = batch.filter((_, i) => verdicts[i]?.kind === 'unknown');
    this.#expectUnknown = denied.length > 0;
    if (denied.length === 0) return verdicts;

    const names = new Set(denied.map(({ mailbox }) => mailbox));
    const vouches = early.length > 0 && !early.some(({ mailbox }) => names.has(mailbox));
    if (vouches) return this.#believe(verdicts, early, said);
    const witnesses = this.#witness.candidates(names);
    if (witnesses.length === 0) return this.#believe(verdicts, NOBODY, []);
    // Whom it finds now is told at the end: its place in the batch is another one.
    const again = await this.#round(denied, witnesses, {
      heard: () => progress.heard(),
      early: () => undefined,
    });
    const confirmed = verdicts.map((verdict) =>
      verdict.kind === 'unknown' ? (again.verdicts.shift() ?? deferred('no verdict came')) : verdict,
    );
    return this.#believe(confirmed, witnesses, again.said);
  }

  /** In a flood the end of a batch is the beginning of the next. */
  async #round(
    recipients: readonly Recipient[],
    witnesses: readonly Recipient[],
    progress: Progress,
  ): Promise<Round> {
    const vouched = this.#vouched;
    this.#vouched = undefined;
    const told =
      (before: number) =>
      (index: number, verdict: Verdict): void => {
        progress.heard();
        const place = index - before;
        if (place >= 0 && place < recipients.length && isHarmless(verdict)) progress.early(place, verdict);
      };
    if (witnesses.length === 0) return { verdicts: await this.#askAll(recipients, told(0)), said: [] };
    const now = this.#now();
    const mailboxes = witnesses.map(({ mailbox }) => mailbox).join('\n');
    const vouchedFor = vouched?.mailboxes === mailboxes && now - vouched.at <= VOUCHED_MS;
    const before = vouchedFor ? [] : witnesses;
    const verdicts = await this.#askAll([...before, ...recipients, ...witnesses], told(before.length));
    const said = [...verdicts.splice(0, before.length), ...verdicts.splice(-witnesses.length)];
    if (said.every(({ kind }) => kind === 'deliverable')) this.#vouched = { mailboxes, at: now };
    return { verdicts, said };
  }

  /** Lets an unknown stand only where the witnesses, asked around it, exist. */
  #believe(
    verdicts: readonly Verdict[],
    witnesses: readonly Recipient[],
    said: readonly Verdict[],
  ): readonly Verdict[] {
    const doubt = this.#witness.judge(witnesses, said);
    const vouched = witnesses.length === 0 ? {} : { witness: witnessSaid(witnesses, said) };
    const add = evidenceAdder(vouched);
    return verdicts.map((verdict) => {
      if (verdict.kind !== 'unknown') return verdict;
      return add(doubt === undefined ? verdict : addEvidence(doubt, verdict.evidence ?? {}));
    });
  }
}

/** Which one said something against itself, and what; else who all of them are. */
function witnessSaid(witnesses: readonly Recipient[], said: readonly Verdict[]): WitnessSaid {
  const at = said.findIndex(({ kind }) => kind !== 'deliverable');
  const verdict = said[Math.max(at, 0)];
  const asked = at === -1 ? witnesses : witnesses.slice(at % witnesses.length, (at % witnesses.length) + 1);
  const words = verdict === undefined || verdict.kind === 'deliverable' ? undefined : verdict.evidence?.said;
  const kind = verdict?.kind ?? 'not asked';
  const address = asked.map((each) => each.address).join(', ');
  return { address, said: words === undefined ? kind : `${kind}: ${describeSaid(words)}` };
}

/** No mail is refused for it, so that it needs no proof that every reply was that to its command. */
function isHarmless({ kind }: Verdict): boolean {
  return kind === 'deliverable' || kind === 'deferred';
}
