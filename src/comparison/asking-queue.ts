// A queue of lookups for the other socketmap while the daemon serves: a few connections, each with one lookup at a time, and a
// limit of lookups that wait. While the other socketmap cannot be reached, no lookup waits for it. No I/O of its own.
import { messageOf } from '../errors.js';
import { noAnswer, type Answer } from './answer.js';

/** If it cannot be reached, it is not asked for so many milliseconds. */
export const PAUSE_MS = 1000;

export type AskedSocketmap = {
  /** @throws where no connection can be made */
  ask(map: string, key: string): Promise<Answer>;
  close(): void;
};

export type QueueParts = {
  readonly connect: () => AskedSocketmap;
  readonly connections: number;
  /** How many lookups may wait, without those that are being asked. */
  readonly maxWaiting: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called once when it cannot be reached, and `onUp` once when it can be reached again. */
  readonly onDown: (error: string) => void;
  readonly onUp: () => void;
};

type QueuedLookup = {
  readonly map: string;
  readonly key: string;
  readonly resolve: (answer: Answer) => void;
};

export class AskingQueue {
  readonly #parts: QueueParts;
  readonly #idle: AskedSocketmap[] = [];
  readonly #open = new Set<AskedSocketmap>();
  readonly #waiting: QueuedLookup[] = [];
  #pausedUntil = -Infinity;
  #down: string | undefined;
  #closed = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Never rejects. @returns undefined where too many wait */
  ask(map: string, key: string): Promise<Answer> | undefined {
    if (this.#closed || this.#parts.now() < this.#pausedUntil) {
      return Promise.resolve(noAnswer(this.#down ?? 'it is not asked any more'));
    }
    const free = this.#free();
    if (free === undefined && this.#waiting.length >= this.#parts.maxWaiting) return undefined;
    return new Promise((resolve) => {
      const lookup = { map, key, resolve };
      if (free === undefined) this.#waiting.push(lookup);
      else void this.#work(free, lookup);
    });
  }

  close(): void {
    this.#closed = true;
    for (const each of this.#open) each.close();
    this.#giveUp('the daemon stops');
  }

  #free(): AskedSocketmap | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined || this.#open.size >= this.#parts.connections) return idle;
    const made = this.#parts.connect();
    this.#open.add(made);
    return made;
  }

  /** Asks on one connection until no lookup waits any more. */
  async #work(socketmap: AskedSocketmap, first: QueuedLookup): Promise<void> {
    for (let next: QueuedLookup | undefined = first; next !== undefined; next = this.#waiting.shift()) {
      next.resolve(await this.#answer(socketmap, next));
    }
    this.#idle.push(socketmap);
  }

  async #answer(socketmap: AskedSocketmap, { map, key }: QueuedLookup): Promise<Answer> {
    try {
      const answer = await socketmap.ask(map, key);
      if (this.#down !== undefined) this.#parts.onUp();
      this.#down = undefined;
      return answer;
    } catch (error) {
      const why = messageOf(error);
      if (this.#down === undefined && !this.#closed) this.#parts.onDown(why);
      this.#down = why;
      this.#pausedUntil = this.#parts.now() + PAUSE_MS;
      this.#giveUp(why);
      return noAnswer(why);
    }
  }

  #giveUp(why: string): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(noAnswer(why));
  }
}
