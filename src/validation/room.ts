// Asks whether a mailbox that takes mail has room for the coming message, where Cyrus counts that (`lmtp_strict_quota`). It asks
// for each message and remembers nothing, since room that was free a moment ago may be used by now. Only where Cyrus has just
// said "over quota" does the outcome change; whatever else comes, it stays as it was. No I/O.
import { unaskedOf } from './askable.js';
import { Deadlines } from './deadlines.js';
import { asksFolder, type DetailRule } from './detail.js';
import { askProbe } from './flights.js';
import type { Outcome } from './outcome.js';
import type { Asker, Probe } from './probe.js';
import { parseKey, withMessage, type Recipient } from './recipient.js';
import type { Validator } from './validator.js';
import { addEvidence, type Source, type Verdict } from './verdict.js';

/** The sources that say that Cyrus has this mailbox. For an address that a rule accepts there may be none to ask about. */
const BY_CYRUS: ReadonlySet<Source> = new Set(['known', 'directory', 'probe']);

/** The question of a front. */
type Message = {
  /** The address alone, without what a key may have before it. */
  readonly address: string;
  readonly detail: DetailRule;
  readonly messageBytes: number;
};

type Asked = { readonly recipient: Recipient; readonly probe: Probe };

export class Room {
  readonly #validator: Pick<Validator, 'addressRules' | 'route'>;
  readonly #deadlineMs: number;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  /** Questions that are under way, by size and address. */
  readonly #flights = new Map<string, Promise<Verdict>>();

  /**
   * @param deadlineMs the deadline of a lookup, in milliseconds from its start
   * @param now monotonic milliseconds
   */
  constructor(validator: Pick<Validator, 'addressRules' | 'route'>, deadlineMs: number, now: () => number) {
    this.#validator = validator;
    this.#deadlineMs = deadlineMs;
    this.#now = now;
    this.#deadlines = new Deadlines(now);
  }

  /** Whether the size of a message can change this outcome: the mailbox takes mail, and Cyrus can be asked with the size. */
  counts(outcome: Outcome, address: string, detail: DetailRule): boolean {
    return this.#asked(outcome, address, detail) !== undefined;
  }

  /**
   * Resolves within the deadline, never rejects.
   * @param outcome what the lookup of the mailbox ended with
   * @param since when the request came, in monotonic milliseconds
   * @returns overquota where Cyrus has just said that there is no room; otherwise the outcome as it was
   */
  async judge(
    outcome: Outcome,
    { address, detail, messageBytes }: Message,
    since: number,
    asker?: Asker,
  ): Promise<Outcome> {
    const asked = this.#asked(outcome, address, detail);
    if (asked === undefined) return outcome;
    const unsaid = (): undefined => undefined;
    const question: Promise<Verdict | undefined> = this.#ask(asked, messageBytes, asker);
    const verdict = await this.#deadlines.within(since + this.#deadlineMs, question, {
      late: unsaid,
      failed: unsaid,
    });
    if (verdict?.kind !== 'overquota') return outcome;
    return { verdict: addEvidence(verdict, { messageBytes }), source: 'probe' };
  }

  #asked({ verdict, source }: Outcome, address: string, detail: DetailRule): Asked | undefined {
    if (verdict.kind !== 'deliverable' || !BY_CYRUS.has(source)) return undefined;
    const { addressRules, route } = this.#validator;
    const parsed = parseKey(address, addressRules);
    if (parsed.kind !== 'recipient') return undefined;
    const { recipient } = parsed;
    const probe = route(recipient.domain);
    if (typeof probe !== 'object' || probe.judgesSize !== true) return undefined;
    const isAskable = !asksFolder(recipient, detail) && unaskedOf(recipient, probe) === undefined;
    return isAskable ? { recipient, probe } : undefined;
  }

  /** One question for all who ask the same at the same time, with a deadline of its own. */
  #ask({ recipient, probe }: Asked, messageBytes: number, asker: Asker | undefined): Promise<Verdict> {
    const name = `${messageBytes} ${recipient.address}`;
    const joined = this.#flights.get(name);
    if (joined !== undefined) return joined;
    const deadline = this.#now() + this.#deadlineMs;
    const flight = askProbe(probe, withMessage(recipient, messageBytes), deadline, asker)
      .then(({ verdict }) => verdict)
      .finally(() => this.#flights.delete(name));
    this.#flights.set(name, flight);
    return flight;
  }
}
