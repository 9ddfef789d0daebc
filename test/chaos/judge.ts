// What became of each recipient, held against the truth: how many were refused though they exist, accepted though they never did,
// deferred, and answered too late. No I/O.
import type { Someone, Truth } from './truth.js';

export type Said = 'yes' | 'no' | 'deferred' | 'lost';

export type Answered = {
  readonly someone: Someone;
  readonly said: Said;
  /** What was said, word by word. */
  readonly words: string;
  /** Milliseconds of performance.now(). The question may have waited for those before it: it had its turn at `turn`. */
  readonly sent: number;
  readonly turn: number;
  readonly answered: number;
};

export type Tally = {
  asked: number;
  yes: number;
  no: number;
  deferred: number;
  /** The connection ended instead. */
  lost: number;
  /** A yes for a mailbox that the administrator had deleted: where nothing tells of that, or while Cyrus cannot be asked. */
  old: number;
  /** The longest that an answer took, but where somebody was stopped. */
  latestMs: number;
  readonly wrongNo: string[];
  readonly wrongYes: string[];
  readonly late: string[];
};

/** Until then Sendmail waits. */
const STOPPED_MS = 30_000;

/** What is under way, as the judge has to know it. */
export interface Circumstances {
  /** A fault, or less than a second after one. */
  disturbed(from: number, to: number): boolean;
  /** Somebody who answers was stopped: what waits for him is as late as that. */
  stopped(from: number, to: number): boolean;
}

export class Judge {
  readonly tally: Tally = {
    asked: 0,
    yes: 0,
    no: 0,
    deferred: 0,
    lost: 0,
    old: 0,
    latestMs: 0,
    wrongNo: [],
    wrongYes: [],
    late: [],
  };
  readonly #truth: Truth;
  readonly #circumstances: Circumstances;
  readonly #exact: boolean;
  readonly #withinMs: number;

  /**
   * @param exact a mailbox that was deleted may not be accepted, but where there is a fault
   * @param withinMs from a question's turn to its answer; Infinity behind a mail server, which may ask a second time where its
   *   connection ended
   */
  constructor(truth: Truth, circumstances: Circumstances, exact: boolean, withinMs: number) {
    this.#truth = truth;
    this.#circumstances = circumstances;
    this.#exact = exact;
    this.#withinMs = withinMs;
  }

  hear(answer: Answered): void {
    const { someone, said, sent, turn, answered } = answer;
    const tally = this.tally;
    tally.asked += 1;
    tally[said] += 1;
    const possible = (there: boolean): boolean => this.#truth.mayHaveBeen(someone, there, sent, answered);
    if (said === 'no' && !possible(false)) tally.wrongNo.push(describe(answer));
    if (said === 'yes' && !possible(true)) {
      if (someone.kind === 'changes' && (!this.#exact || this.#circumstances.disturbed(sent, answered)))
        tally.old += 1;
      else tally.wrongYes.push(describe(answer));
    }
    const stopped = this.#circumstances.stopped(turn, answered);
    const ms = answered - turn;
    if (said === 'lost') return;
    if (!stopped) tally.latestMs = Math.max(tally.latestMs, Math.round(ms));
    if (ms > (stopped ? Math.max(STOPPED_MS, this.#withinMs) : this.#withinMs))
      tally.late.push(describe(answer));
  }
}

function describe({ someone, words, sent, turn, answered }: Answered): string {
  const after = Math.round(answered - turn);
  return `${someone.address} (${someone.kind}): ${words} after ${after} ms, sent at ${Math.round(sent)}`;
}
