// Asks about a batch with the witness before and after the mailboxes that may be unknown, in any protocol. So it is noticed when
// mailboxes.db is moved away or back meanwhile, or when our login loses its rights: the witness is unknown then too. No I/O.
import type { Progress } from '../pool/session.js';
import { describeSaid, type WitnessSaid } from '../../validation/evidence.js';
import type { Recipient } from '../../validation/recipient.js';
import { addEvidence, deferred, evidenceAdder, type Verdict } from '../../validation/verdict.js';
import type { Witness } from './witness.js';

/**
 * Asks about all recipients in one go and in this order.
 * @param told called with each verdict as it comes
 */
export type AskAll = (
  recipients: readonly Recipient[],
  told: (index: number, verdict: Verdict) => void,
) => Promise<Verdict[]>;

/** The verdicts on the recipients, and those on the witnesses before and after them. */
type Round = { readonly verdicts: Verdict[]; readonly said: readonly Verdict[] };

/**
 * For so many milliseconds the witness after one batch also counts as the witness before the next. In a flood batches follow each
 * other at once. In a longer pause mailboxes.db may have been moved away and back, and no witness would have noticed.
 */
const VOUCHED_MS = 20;

const NONE_DENIED: ReadonlySet<string> = new Set();
const NOBODY: readonly Recipient[] = [];

/**
 * There is one for each session. A proof of currency cannot replace the witness: if a folder above mailboxes.db was moved away,
 * lmtpd finds no mailboxes, and yet the file that we watch is still the same one (docs/freshness.md).
 */
export class WitnessedAsk {
  readonly #witness: Witness;
  readonly #askAll: AskAll;
  readonly #now: () => number;
  /** Unknown mailboxes come in floods: so after one, the next batch has the witness with it, which saves a second round. */
  #expectUnknown = false;
  /** The witnesses that were asked about last of all in this session, and exist. */
  #vouched: { readonly mailboxes: string; readonly at: number } | undefined;

  /** @param now monotonic milliseconds */
  constructor(witness: Witness, askAll: AskAll, now: () => number) {
    this.#witness = witness;
    this.#askAll = askAll;
    this.#now = now;
  }

  /** @returns a verdict for each recipient, in order; it is unknown only if the witnesses exist */
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

    const isDenied = ({ mailbox }: Recipient): boolean => denied.some((each) => each.mailbox === mailbox);
    if (early.length > 0 && !early.some(isDenied)) return this.#believe(verdicts, early, said);
    const witnesses = this.#witness.candidates(new Set(denied.map(({ mailbox }) => mailbox)));
    // Stryker disable next-line ArrayDeclaration: where there is no witness, nobody looks at what was said of it.
    if (witnesses.length === 0) return this.#believe(verdicts, NOBODY, []);
    // No early verdicts from this round: the places of its recipients are not those in the batch.
    const again = await this.#round(denied, witnesses, {
      heard: () => progress.heard(),
      early: () => undefined,
      unproven: () => undefined,
    });
    const confirmed = verdicts.map((verdict) =>
      verdict.kind === 'unknown' ? (again.verdicts.shift() ?? deferred('no verdict came')) : verdict,
    );
    return this.#believe(confirmed, witnesses, again.said);
  }

  /** Asks about the recipients, and the witnesses after them; also before them, unless the last batch has just ended with them. */
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
    // Stryker disable next-line ArrayDeclaration: where there is no witness, nobody looks at what was said of it.
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

  /** Keeps an "unknown" only where the witnesses before and after it exist. */
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

/** Names the witness that was not found, and what Cyrus said of it; or all witnesses, where all were found. */
function witnessSaid(witnesses: readonly Recipient[], said: readonly Verdict[]): WitnessSaid {
  const at = said.findIndex(({ kind }) => kind !== 'deliverable');
  const verdict = said[Math.max(at, 0)];
  const asked = at === -1 ? witnesses : witnesses.slice(at % witnesses.length, (at % witnesses.length) + 1);
  // Stryker disable next-line ConditionalExpression: a deliverable verdict has no evidence, as its type says.
  const words = verdict === undefined || verdict.kind === 'deliverable' ? undefined : verdict.evidence?.said;
  const kind = verdict?.kind ?? 'not asked';
  const address = asked.map((each) => each.address).join(', ');
  return { address, said: words === undefined ? kind : `${kind}: ${describeSaid(words)}` };
}

/** No mail is refused for such a verdict, so it may be given before it is proven that each reply belongs to its command. */
function isHarmless({ kind }: Verdict): boolean {
  return kind === 'deliverable' || kind === 'deferred';
}
