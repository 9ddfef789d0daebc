// Asks a session about a batch of recipients, and sees what becomes of it. Either all verdicts come; or the session is lost, or
// hangs on a mailbox that somebody holds locked: then each question without an answer is asked once more, alone. No I/O of its own.
import { asError, DeadlineError, UnavailableError } from '../../errors.js';
import type { Log } from '../../log/log.js';
import * as verbs from '../../log/verbs/backchannels.js';
import { evidenceAdder, type Verdict } from '../../validation/verdict.js';
import type { BatchSize } from './batch-size.js';
import type { FairQueue } from './fair-queue.js';
import type { Presence } from './presence.js';
import type { Question } from './question.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import type { SlowNames } from './slow-names.js';
import type { Standings } from './standings.js';
import { Work, type WorkEvents } from './work.js';

export type AskingLimits = {
  /** How long Cyrus may take over a batch, in milliseconds. Then its questions are given up, but the session still waits. */
  readonly replyTimeoutMs: number;
  /** How long an answer is held that only the end of its batch proves, in milliseconds; then it is asked for again, alone. */
  readonly unprovenTimeoutMs: number;
};

export type AskingParts = {
  /** The name of the back-channel, for the log. */
  readonly name: string;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly limits: AskingLimits;
  readonly waiting: FairQueue;
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly standings: Standings;
  readonly size: BatchSize;
  readonly slow: SlowNames;
};

export interface AskingEvents {
  /** A session is free or gone, or there are questions that wait again. */
  changed(): void;
  /** Cyrus answers nobody, or each session is lost. */
  failed(error: Error): void;
  /** Cyrus ended a session: it may have been restarted. */
  restarted(): void;
}

/** Each question is asked in a batch first, and at most once more, alone. */
const ATTEMPTS_MAX = 2;

export class Asking {
  readonly #parts: AskingParts;
  readonly #events: AskingEvents;
  readonly #workEvents: WorkEvents;
  readonly #withName: (verdict: Verdict) => Verdict;
  /** How many replies came in all sessions. */
  #replies = 0;
  #heardAt = -Infinity;
  /** Whether the pool is closed, so that lost questions are not asked again. */
  #over = false;

  constructor(parts: AskingParts, events: AskingEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#withName = evidenceAdder({ backchannel: parts.name });
    this.#workEvents = {
      heard: (at) => this.#heard(at),
      answered: (question, verdict) => this.#answer(question, verdict),
      unproven: (work, questions) => this.#unproven(work, questions),
      stalled: (work) => this.#stalled(work),
      silent: (work) => this.#silent(work),
    };
  }

  /** Never rejects. */
  async ask(session: Session, batch: readonly Question[]): Promise<void> {
    const { now, limits, sessions, size } = this.#parts;
    const { replyTimeoutMs, unprovenTimeoutMs } = limits;
    const stallMs = Math.min(replyTimeoutMs, size.stallMs(batch.length));
    // Where Cyrus is slow, but no slower than usual, the proof comes soon enough, and to ask again would only make it slower.
    const holdMs = Math.max(unprovenTimeoutMs, size.expectedMs(batch.length));
    const work = new Work(session, batch, { stallMs, holdMs, replyTimeoutMs, now }, this.#workEvents);
    sessions.begin(work);
    for (const question of batch) {
      question.attempts += 1;
      question.holder = work;
    }
    const repliesBefore = this.#replies;
    try {
      const recipients = batch.map(({ recipient }) => recipient);
      const verdicts = await session.ask(recipients, work);
      const othersAnswered = this.#replies - repliesBefore > work.replies;
      this.#ended(work, verdicts, othersAnswered);
    } catch (error) {
      this.#lost(work, asError(error));
    }
  }

  /** From now on questions that are lost with their session are not asked again. */
  end(): void {
    this.#over = true;
  }

  #heard(at: number): void {
    this.#replies += 1;
    this.#heardAt = at;
  }

  #answer(question: Question, verdict: Verdict): void {
    if (question.settled) return;
    this.#parts.standings.heard(question.asker, verdict);
    question.resolve(this.#withName(verdict));
  }

  /** All verdicts are there. Only this counts as a success, since an lmtpd may greet and then be silent. */
  #ended(work: Work, verdicts: readonly Verdict[], othersAnswered: boolean): void {
    const { now, presence, sessions, size, slow } = this.#parts;
    const { batch, session, since } = work;
    batch.forEach((question, i) => {
      const verdict = verdicts[i];
      if (verdict !== undefined) this.#answer(question, verdict);
      else if (question.holder === work) question.reject(new UnavailableError('no verdict came'));
    });
    // If other sessions were answered meanwhile, only this mailbox was slow; otherwise Cyrus as a whole is slow.
    if (work.isStalled && work.alone !== undefined && othersAnswered) slow.add(work.alone);
    else size.answered(batch.length, now() - since);
    this.#heardAt = now();
    presence.answered();
    sessions.end(work);
    sessions.put(session);
  }

  /** The session was lost, and its questions with it. */
  #lost(work: Work, error: Error): void {
    const { name, log, presence, sessions } = this.#parts;
    sessions.end(work);
    work.session.close();
    if (!this.#over) this.#events.restarted();
    verbs.botched(log, { backchannel: name, error: error.message, questions: work.batch.length });
    this.#askElsewhere(work, work.open, error);
    // What ended one session has probably ended the idle ones too, and we may not have noticed yet.
    sessions.closeIdle();
    const isOneTooMany = presence.lost();
    const isSilent = error instanceof DeadlineError && this.#heardAt <= work.since;
    if ((isSilent || isOneTooMany) && !this.#over) this.#events.failed(error);
  }

  /** Cyrus has answered for these, but hangs on another one, or it is slow; and it is not certain whose replies those were. */
  #unproven(work: Work, questions: readonly Question[]): void {
    this.#askElsewhere(work, questions);
    this.#events.changed();
  }

  /** There was no reply for long: a mailbox of the batch may be locked, and the others must not wait for it. */
  #stalled(work: Work): void {
    if (work.alone === undefined) {
      this.#parts.size.stuck();
      this.#askElsewhere(work, work.open);
    }
    this.#events.changed();
  }

  /** It is too late for those who asked. If nobody else was answered meanwhile, not the mailbox hangs but Cyrus. */
  #silent(work: Work): void {
    const error = new DeadlineError(`no reply within ${this.#parts.limits.replyTimeoutMs} ms`);
    for (const question of work.open) if (question.holder === work) question.reject(error);
    if (this.#heardAt <= work.since) this.#events.failed(error);
    else if (work.alone !== undefined) this.#parts.slow.add(work.alone);
    this.#events.changed();
  }

  /**
   * Puts each question without an answer back into the queue, to be asked once more, alone, where its deadline allows.
   * @param error rejects the questions that cannot be asked again; undefined where the session may still answer them
   */
  #askElsewhere(work: Work, questions: readonly Question[], error?: Error): void {
    const now = this.#parts.now();
    const again: Question[] = [];
    for (const question of questions) {
      if (question.settled || question.holder !== work) continue;
      if (!this.#over && question.attempts < ATTEMPTS_MAX && question.deadline > now) {
        question.holder = undefined;
        again.push(question);
      } else if (error !== undefined) question.reject(error);
    }
    this.#parts.waiting.putBack(again);
  }
}
