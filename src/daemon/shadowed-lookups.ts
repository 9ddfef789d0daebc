// Lookups with another socketmap beside them. Either ours answers and the other one is asked off the path; or the other one answers,
// and ours is asked beside it. What goes out is OK, NOTFOUND or TEMP in both cases, within the deadline. No I/O of its own.
import type { Answer } from '../comparison/answer.js';
import type { Shadow } from '../comparison/shadow.js';
import type { Lookup } from '../socketmap/lookup.js';
import { Deadlines } from '../validation/deadlines.js';
import type { Asker } from '../validation/probe.js';
import type { Reply } from '../validation/verdict.js';

/** Our own lookups answer. */
export class ShadowedLookups implements Lookup {
  readonly #ours: Lookup;
  readonly #shadow: Shadow;

  constructor(ours: Lookup, shadow: Shadow) {
    this.#ours = ours;
    this.#shadow = shadow;
  }

  answerNow(map: string, key: string, asker?: Asker): Reply | undefined {
    const reply = this.#ours.answerNow(map, key, asker);
    if (reply !== undefined) this.#shadow.beside(map, key, reply);
    return reply;
  }

  async answerLater(map: string, key: string, asker?: Asker, waitedMs?: number): Promise<Reply> {
    const reply = await this.#ours.answerLater(map, key, asker, waitedMs);
    this.#shadow.beside(map, key, reply);
    return reply;
  }
}

/** The other socketmap answers. */
export class ShadowOnlyLookups implements Lookup {
  readonly #ours: Lookup;
  readonly #shadow: Shadow;
  readonly #deadlineMs: () => number;
  readonly #deadlines = new Deadlines(() => performance.now());

  /** @param deadlineMs of a lookup, by the configuration in force */
  constructor(ours: Lookup, shadow: Shadow, deadlineMs: () => number) {
    this.#ours = ours;
    this.#shadow = shadow;
    this.#deadlineMs = deadlineMs;
  }

  /** Never: the other socketmap always has to be asked. */
  answerNow(): undefined {
    return undefined;
  }

  answerLater(map: string, key: string, asker?: Asker, waitedMs = 0): Promise<Reply> {
    const asked = this.#shadow.ask(map, key);
    if (asked === undefined) return Promise.resolve(NOT_ASKED);
    void Promise.all([this.#oursSays(map, key, asker, waitedMs), asked]).then(([ours, other]) =>
      this.#shadow.compare(map, key, ours, other),
    );
    const due = performance.now() + Math.max(0, this.#deadlineMs() - waitedMs);
    return this.#deadlines.within(due, asked.then(replyOf), { late: () => TOO_LATE });
  }

  async #oursSays(map: string, key: string, asker: Asker | undefined, waitedMs: number): Promise<Reply> {
    return this.#ours.answerNow(map, key, asker) ?? (await this.#ours.answerLater(map, key, asker, waitedMs));
  }
}

const NOT_ASKED: Reply = { status: 'TEMP', text: 'too many wait for the other socketmap' };
const TOO_LATE: Reply = { status: 'TEMP', text: 'the other socketmap did not answer in time' };

/** smmapd says `PERM` for I/O errors, and Sendmail makes a 550 of it: so it becomes TEMP, and refuses nobody. */
function replyOf(answer: Answer): Reply {
  switch (answer.class) {
    case 'OK':
    case 'NOTFOUND':
    case 'TEMP':
      return { status: answer.class, text: answer.text };
    case 'PERM':
      return { status: 'TEMP', text: `the other socketmap said PERM ${answer.text}` };
    case 'none':
      return { status: 'TEMP', text: 'the other socketmap gave no answer' };
  }
}
