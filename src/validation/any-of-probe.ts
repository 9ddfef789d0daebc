// Several servers that share a domain: a mailbox is on one of them, and may be moved. Deliverable as soon as one says so;
// unknown only where every one has just said so, twice: a move may pass between two questions, and while Cyrus 3.6.1 moves
// a mailbox outside of a murder, both servers deny it for some 20 ms. No I/O; owns none.
import { answerOf, areDenials, askAll, foundBy, hasIt, judgeAll, kindOf, type Answer } from './answers.js';
import { Deadlines } from './deadlines.js';
import type { Asker, Found, Probe } from './probe.js';
import type { Recipient } from './recipient.js';
import { deferred, type Verdict } from './verdict.js';

/** The part of the time left for which the one that had the mailbox is asked alone. */
const ALONE_SHARE = 0.5;
/** The same for the others, where that one has just denied it: its former "yes" must not be served instead. */
const OTHERS_SHARE = 0.9;

/** Between the two denials. An XFER between two servers on one machine left a mailbox on none for 6 to 20 ms. */
const AGAIN_AFTER_MS = 250;
/** The part of the time left that this pause may take. */
const PAUSE_SHARE = 0.25;

/**
 * What was on one of them, and is on none: deferred for so long before it is unknown. The last part of a move takes longer
 * for a large mailbox. Where Cyrus tells that it was deleted, it is not known any more, and this does not hold.
 */
export const GONE_AFTER_MS = 30_000;
/** Mailboxes of which it is remembered since when they are gone; beyond it the longest gone begins anew. */
const GONE_MAX = 10_000;

export class AnyOfProbe implements Probe {
  readonly name: string;
  readonly members: readonly Probe[];
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  readonly #againAfterMs: number;
  /** Since when they are on none of the servers. */
  readonly #gone = new Map<string, number>();

  /**
   * @param members at least two
   * @param now monotonic milliseconds, of the same clock as the deadlines
   * @param againAfterMs between the two denials
   */
  constructor(members: readonly Probe[], now: () => number, againAfterMs = AGAIN_AFTER_MS) {
    this.name = members
      .map(({ name }) => name)
      .sort()
      .join(', ');
    this.members = members;
    this.#now = now;
    this.#deadlines = new Deadlines(now);
    this.#againAfterMs = againAfterMs;
  }

  /** Whether it is made of these, in whatever order. */
  isOf(members: readonly Probe[]): boolean {
    return members.length === this.members.length && members.every((each) => this.members.includes(each));
  }

  get acceptsEightBit(): boolean {
    return this.members.some(({ acceptsEightBit }) => acceptsEightBit);
  }

  get asksEightBit(): boolean {
    return this.members.every(({ asksEightBit }) => asksEightBit === true);
  }

  get seesFolders(): boolean {
    return this.members.every(({ seesFolders }) => seesFolders === true);
  }

  get judgesSize(): boolean {
    return this.members.some(({ judgesSize }) => judgesSize === true);
  }

  async check(recipient: Recipient, deadline: number, asker?: Asker): Promise<Verdict> {
    return (await this.search(recipient, deadline, asker)).verdict;
  }

  /** @param home the one that said yes last time: it is asked alone at first */
  async search(recipient: Recipient, deadline: number, asker?: Asker, home?: Probe): Promise<Found> {
    const found = await this.#search(recipient, deadline, asker, home);
    const { kind } = found.verdict;
    if (kind !== 'deferred') this.#gone.delete(recipient.mailbox);
    return found;
  }

  async #search(
    recipient: Recipient,
    deadline: number,
    asker: Asker | undefined,
    home: Probe | undefined,
  ): Promise<Found> {
    const ask = (member: Probe): Promise<Answer> => answerOf(member, recipient, deadline, asker);
    const alone = home === undefined ? undefined : ask(home);
    const first = alone === undefined ? undefined : await this.#within(alone, deadline, ALONE_SHARE);
    if (first !== undefined && kindOf(first) === 'deliverable') return foundBy(first, this);
    // What it said otherwise than no, or has not said yet, is not asked of it twice.
    const denied = first !== undefined && kindOf(first) === 'unknown';
    const kept = (member: Probe): Promise<Answer> =>
      alone !== undefined && member === home && !denied ? alone : ask(member);
    const rounds = this.#rounds(kept, ask, deadline, home === undefined ? undefined : recipient.mailbox);
    if (home === undefined || !denied) return judgeAll(await rounds, this);
    const answers = await this.#within(rounds, deadline, OTHERS_SHARE);
    const asked =
      answers !== undefined && (hasIt(answers) !== undefined || !answers.some((each) => 'error' in each));
    if (asked) return judgeAll(answers, this);
    return {
      verdict: deferred(`${home.name} lacks the mailbox now, and not every other was asked`),
      by: this,
    };
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * The second where all denied it in the first, each asked after all have answered.
   * @param known the mailbox, where one of them had it
   */
  async #rounds(
    first: (member: Probe) => Promise<Answer>,
    again: (member: Probe) => Promise<Answer>,
    deadline: number,
    known: string | undefined,
  ): Promise<readonly Answer[]> {
    const answers = await askAll(this.members, first);
    if (!areDenials(answers)) return answers;
    const pauseMs = Math.min(this.#againAfterMs, Math.max(0, deadline - this.#now()) * PAUSE_SHARE);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const second = await askAll(this.members, again);
    if (!areDenials(second) || known === undefined || this.#goneMs(known) >= GONE_AFTER_MS) return second;
    const verdict = deferred('the mailbox was on one of the servers, and is on none now: it may be moved');
    return [{ by: this, verdict }];
  }

  /** How long ago it was first found to be gone. */
  #goneMs(mailbox: string): number {
    const now = this.#now();
    const since = this.#gone.get(mailbox);
    if (since !== undefined) return now - since;
    const [oldest] = this.#gone.keys();
    if (oldest !== undefined && this.#gone.size >= GONE_MAX) this.#gone.delete(oldest);
    this.#gone.set(mailbox, now);
    return 0;
  }

  /** @returns undefined where it takes longer than that share of the time left */
  #within<Value>(work: Promise<Value>, deadline: number, share: number): Promise<Value | undefined> {
    const now = this.#now();
    return this.#deadlines.within<Value | undefined>(now + Math.max(0, deadline - now) * share, work, {
      late: () => undefined,
    });
  }
}
