// The queue of questions that no session has taken yet. It is fair: each connection of a mail server has its turn, however many
// questions it has. A connection that guesses names waits behind the others, but not for ever. Among equals the earliest deadline
// comes first. A question for which nobody waits any more is dropped. No I/O.
import { DeadlineError } from '../../errors.js';
import type { Asker } from '../../validation/probe.js';
import { Heap } from './heap.js';
import type { Question } from './question.js';
import { Refusals } from './refusals.js';
import type { Standings } from './standings.js';

/** @property rank how many questions of its connection waited when it came, plus by how many that connection guessed wrong */
type Entry = { readonly question: Question; readonly rank: number };

/** One in so many places of a batch is for those who guess names, even while others wait. */
const SUSPECT_PLACE = 4;
/** The whole queue is searched for questions to drop at most once in so many milliseconds. */
const PURGE_MS = 500;

export type FairQueueParts = {
  /** How many questions may wait. Beyond that each connection may still have one. */
  readonly maxWaiting: number;
  readonly standings: Standings;
  /** Whether lmtpd took long over this mailbox lately: then we ask about it alone. */
  readonly isSlow: (mailbox: string) => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export class FairQueue {
  readonly #parts: FairQueueParts;
  /** Questions that were lost with their session, or taken out of a batch that got stuck: they come first, each alone. */
  #again: Question[] = [];
  #slow: Question[] = [];
  readonly #trusted = new Heap<Entry>(comesBefore);
  readonly #suspected = new Heap<Entry>(comesBefore);
  /** How many questions of each connection wait. */
  readonly #counts = new Map<Asker | undefined, number>();
  readonly #refusals = new Refusals();
  #length = 0;
  #places = 0;
  #batches = 0;
  #purgedAt = -Infinity;

  constructor(parts: FairQueueParts) {
    this.#parts = parts;
  }

  /** How many questions wait that are not settled yet. */
  get length(): number {
    return this.#length;
  }

  /** Whether there is no place for one more question of this connection. */
  isFull(asker: Asker | undefined): boolean {
    const { maxWaiting } = this.#parts;
    if (this.#length >= maxWaiting) this.#purge();
    const own = this.#counts.get(asker) ?? 0;
    if (asker === undefined) return this.#length >= maxWaiting;
    if (own === 0) return this.#length >= 2 * maxWaiting;
    return this.#length >= maxWaiting || own >= maxWaiting / (this.#counts.size + 1);
  }

  add(question: Question): void {
    const { asker, recipient } = question;
    const rank = (this.#counts.get(asker) ?? 0) + this.#parts.standings.excess(asker);
    this.#hold(question);
    if (this.#parts.isSlow(recipient.mailbox)) this.#slow.push(question);
    else if (this.#parts.standings.isSuspect(asker)) this.#suspected.push({ question, rank });
    else this.#trusted.push({ question, rank });
  }

  /** Takes back questions that a session had taken. They are asked before all others, each alone. */
  putBack(questions: readonly Question[]): void {
    for (const question of questions) this.#hold(question);
    this.#again = [...questions, ...this.#again];
  }

  /**
   * @param eachMs how long Cyrus takes for one recipient. A question of a connection that guesses names is dropped if its answer
   *   would come too late. Others are asked even then: a mail server asks again later, and then the answer is remembered
   * @returns an empty batch where all that waited were too late
   */
  takeBatch(max: number, eachMs: number): Question[] {
    this.#batches += 1;
    const alone =
      this.#takeFrom(this.#again) ?? (this.#batches % 2 === 0 ? this.#takeFrom(this.#slow) : undefined);
    if (alone !== undefined) return [alone];
    const batch: Question[] = [];
    while (batch.length < max) {
      const next = this.#next(eachMs * (batch.length + 1));
      if (next === undefined) break;
      batch.push(next);
    }
    const slow = batch.length === 0 ? this.#takeFrom(this.#slow) : undefined;
    return slow === undefined ? batch : [slow];
  }

  refuseAll(error: Error): void {
    const entries = [...this.#trusted.clear(), ...this.#suspected.clear()];
    const refused = [...this.#again, ...this.#slow, ...entries.map(({ question }) => question)];
    this.#again = [];
    this.#slow = [];
    for (const question of refused) if (!question.settled) this.#refuse(question, error);
  }

  /** @param neededMs how long the answer will take */
  #next(neededMs: number): Question | undefined {
    this.#places += 1;
    const forSuspects = this.#places % SUSPECT_PLACE === 0;
    return forSuspects
      ? (this.#nextOf(this.#suspected, neededMs) ?? this.#nextOf(this.#trusted, neededMs))
      : (this.#nextOf(this.#trusted, neededMs) ?? this.#nextOf(this.#suspected, neededMs));
  }

  #nextOf(heap: Heap<Entry>, neededMs: number): Question | undefined {
    for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
      const isSuspect = heap === this.#suspected && entry.question.asker !== undefined;
      if (this.#take(entry.question, isSuspect ? neededMs : 0)) return entry.question;
    }
    return undefined;
  }

  #takeFrom(list: Question[]): Question | undefined {
    for (let question = list.shift(); question !== undefined; question = list.shift()) {
      if (this.#take(question)) return question;
    }
    return undefined;
  }

  /** @returns whether the question still has to be asked */
  #take(question: Question, neededMs = 0): boolean {
    if (question.settled || this.#drop(question, neededMs)) return false;
    this.#letGo(question);
    return true;
  }

  /** Rejects a question if nobody waits for its answer, or if nobody will wait any more when the answer comes. */
  #drop(question: Question, neededMs = 0): boolean {
    if (question.deadline <= this.#parts.now() + neededMs) {
      this.#refuse(question, new DeadlineError('the deadline passed before Cyrus could be asked'));
      return true;
    }
    if (question.asker?.gone === true) {
      this.#refuse(question, new DeadlineError('the connection that asked is closed'));
      return true;
    }
    return false;
  }

  /** Takes a question out of the queue at once; its rejection may come some turns of the event loop later. */
  #refuse(question: Question, error: Error): void {
    this.#letGo(question);
    this.#refusals.refuse(question, error);
  }

  #hold(question: Question): void {
    const { asker } = question;
    this.#length += 1;
    this.#counts.set(asker, (this.#counts.get(asker) ?? 0) + 1);
    question.watch(() => this.#letGo(question));
  }

  #letGo(question: Question): void {
    const { asker } = question;
    question.watch(undefined);
    this.#length -= 1;
    const left = (this.#counts.get(asker) ?? 1) - 1;
    if (left === 0) this.#counts.delete(asker);
    else this.#counts.set(asker, left);
  }

  /** Drops questions from the whole queue: those far behind would keep their places long after their deadline. */
  #purge(): void {
    const now = this.#parts.now();
    if (now < this.#purgedAt + PURGE_MS) return;
    this.#purgedAt = now;
    const isKept = (question: Question): boolean => !question.settled && !this.#drop(question);
    this.#again = this.#again.filter(isKept);
    this.#slow = this.#slow.filter(isKept);
    for (const heap of [this.#trusted, this.#suspected]) heap.filter(({ question }) => isKept(question));
  }
}

function comesBefore(a: Entry, b: Entry): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.question.deadline < b.question.deadline);
}
