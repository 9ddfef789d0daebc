// Questions that no session has taken yet, taken in batches, oldest first. One that was lost with its session is asked
// once more, on a fresh one and alone: there are mailboxes on which lmtpd dies, and such a one must not take others with
// it. One whose deadline has passed is not asked any more. No I/O.
import { DeadlineError } from '../../errors.js';
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

export type Question = {
  readonly recipient: Recipient;
  readonly deadline: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
  asked: number;
};

const ATTEMPTS_MAX = 2;

export class QuestionQueue {
  readonly #now: () => number;
  #questions: Question[] = [];

  /** @param now monotonic milliseconds, as the deadlines are */
  constructor(now: () => number) {
    this.#now = now;
  }

  get length(): number {
    return this.#questions.length;
  }

  /** @returns its verdict; rejects with what it is refused for */
  add(recipient: Recipient, deadline: number): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ recipient, deadline, resolve, reject, asked: 0 });
    });
  }

  /** @returns none where all that waited were too late */
  takeBatch(max: number): Question[] {
    const now = this.#now();
    const batch: Question[] = [];
    let taken = 0;
    for (const question of this.#questions) {
      const [first] = batch;
      const alone = first !== undefined && first.asked + question.asked > 0;
      if (alone || batch.length === max) break;
      taken += 1;
      if (question.deadline > now) batch.push(question);
      else question.reject(new DeadlineError('the deadline passed before Cyrus could be asked'));
    }
    this.#questions = taken === this.#questions.length ? [] : this.#questions.slice(taken);
    return batch;
  }

  /**
   * The session of a batch was lost: what may be asked once more comes first, the others are refused.
   * @param mayAskAgain whether any may
   */
  putBack(batch: readonly Question[], error: Error, mayAskAgain: boolean): void {
    const now = this.#now();
    const again: Question[] = [];
    for (const question of batch) {
      question.asked += 1;
      if (mayAskAgain && question.asked < ATTEMPTS_MAX && question.deadline > now) again.push(question);
      else question.reject(error);
    }
    if (again.length > 0) this.#questions = [...again, ...this.#questions];
  }

  refuseAll(error: Error): void {
    const refused = this.#questions;
    this.#questions = [];
    for (const question of refused) question.reject(error);
  }
}
