// Questions that are refused, thousands at once where a back-channel goes down or a flood comes too late. Each refusal is
// a reply, or more work: a turn of the event loop does some, and the rest wait for the next ones. No I/O.
import type { Question } from './question.js';

/** That one turn refuses: some milliseconds. */
const REFUSED_A_TURN = 256;

export class Refusals {
  readonly #waiting: { readonly question: Question; readonly error: Error }[] = [];
  #left = REFUSED_A_TURN;
  #next: NodeJS.Immediate | undefined;

  /** At once where this turn has not refused many. */
  refuse(question: Question, error: Error): void {
    if (this.#left > 0) question.reject(error);
    else this.#waiting.push({ question, error });
    this.#left -= 1;
    this.#next ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#next = undefined;
    this.#left = REFUSED_A_TURN;
    for (const { question, error } of this.#waiting.splice(0, REFUSED_A_TURN)) this.refuse(question, error);
  }
}
