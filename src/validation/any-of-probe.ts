// Several servers that share a domain: a mailbox is on one of them, and may be moved. It is deliverable as soon as one server
// says so, and unknown only where every server has just denied it twice: a mailbox may be moved between two questions, and while
// Cyrus 3.6.1 moves it outside of a murder, both servers deny it for some 20 ms. No I/O; it does not close the servers' probes.
import { answerOf, areDenials, askAll, hasIt, judgeAll, kindOf, type Answer } from './answers.js';
import { Deadlines } from './deadlines.js';
import type { Asker, Found, Probe } from './probe.js';
import type { Recipient } from './recipient.js';
import { deferred, type Verdict } from './verdict.js';

/** The server that had the mailbox is asked alone for this part of the time left. */
const ALONE_SHARE = 0.5;
/** Where that server has just denied it, the others have this part: else the time would end, and its old "yes" would be served. */
const OTHERS_SHARE = 0.9;

/** The pause between the two rounds. An XFER between two servers on one machine left a mailbox on none for 6 to 20 ms. */
const AGAIN_AFTER_MS = 250;
/** The part of the time left that this pause may take. */
const PAUSE_SHARE = 0.25;

/**
 * How long a mailbox that was on one of the servers, and is on none now, is deferred before it is unknown: the last part of a
 * move takes longer for a large mailbox. Where Cyrus told us that it was deleted, we have forgotten it, and do not wait so long.
 */
const GONE_AFTER_MS = 30_000;
/** For so many mailboxes we remember since when they are gone. Where there are more, the time of the longest gone begins anew. */
const GONE_MAX = 10_000;

export class AnyOfProbe implements Probe {
  readonly name: string;
  readonly members: readonly Probe[];
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  readonly #againAfterMs: number;
  /** Mailboxes that are on none of the servers, and since when. */
  readonly #gone = new Map<string, number>();

  /**
   * @param members at least two
   * @param now monotonic milliseconds, of the same clock as the deadlines
   * @param againAfterMs the pause between the two rounds
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

  /** Whether it asks exactly these servers, in whatever order. */
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

  /** @param home the server that said yes last time: it is asked alone at first */
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
    if (home === undefined) return judgeAll(await this.#rounds(ask, ask, deadline, undefined), this);
    const alone = ask(home);
    const first = await this.#within(alone, deadline, ALONE_SHARE);
    if (first !== undefined && 'verdict' in first && first.verdict.kind === 'deliverable') return first;
    // Unless it said no, it is not asked again: its answer counts for the round, and where it is not there yet, we wait for it.
    const denied = first !== undefined && kindOf(first) === 'unknown';
    const kept = (member: Probe): Promise<Answer> => (member === home && !denied ? alone : ask(member));
    const rounds = this.#rounds(kept, ask, deadline, recipient.mailbox);
    if (!denied) return judgeAll(await rounds, this);
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
   * Asks all servers, and asks them once more where all denied the mailbox: after every answer of the first round is there.
   * @param known the mailbox, where one of the servers had it before
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

  /** How long ago the mailbox was first found to be gone. */
  #goneMs(mailbox: string): number {
    const now = this.#now();
    const since = this.#gone.get(mailbox);
    if (since !== undefined) return now - since;
    const [oldest = mailbox] = this.#gone.keys();
    if (this.#gone.size >= GONE_MAX) this.#gone.delete(oldest);
    this.#gone.set(mailbox, now);
    return 0;
  }

  /** @returns undefined where the work takes longer than that share of the time left */
  #within<Value>(work: Promise<Value>, deadline: number, share: number): Promise<Value | undefined> {
    const now = this.#now();
    return this.#deadlines.within<Value | undefined>(now + Math.max(0, deadline - now) * share, work, {
      late: () => undefined,
    });
  }
}
