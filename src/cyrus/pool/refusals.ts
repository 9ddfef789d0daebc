// Refuses questions, which may be thousands at once where a back-channel goes down or a flood comes too late. Each refusal means a
// reply or more work, so one turn of the event loop does some of them, and the rest wait for the next turns. No I/O.
import type { Question } from './question.js';

/** So many are refused in one turn, which takes some milliseconds. */
const REFUSED_A_TURN = 256;

export class Refusals {
  readonly #waiting: { readonly question: Question; readonly error: Error }[] = [];
  #left = REFUSED_A_TURN;
  #next: NodeJS.Immediate | undefined;

  /** Refuses a question: at once, unless this turn has refused many already. */
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
