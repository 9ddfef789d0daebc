// Compares the daemon with another socketmap while it serves: the other one is asked the same questions, without holding up our
// answers, and differences are counted and logged. No I/O of its own.
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/shadow.js';
import type { Reply } from '../validation/verdict.js';
import { formatAnswer, isSame, type Answer } from './answer.js';
import type { AskingQueue } from './asking-queue.js';
import { withoutDetail } from './compare.js';
import { judge, type Facts } from './judge.js';
import type { Kind } from './kind.js';
import { COMPARED_MAX_BYTES } from './other-socketmap.js';

/** How many differences are logged in a second; more are only counted. */
const LINES_PER_SECOND = 10;
const SECOND_MS = 1000;

export type ShadowCounts = {
  same: number;
  differs: number;
  /** How often the other socketmap gave no answer. */
  unanswered: number;
  /** How often it was not asked, because too many waited, or the request was too long for smmapd. */
  dropped: number;
};

export class Shadow {
  readonly #queue: AskingQueue;
  readonly #log: Log;
  readonly #now: () => number;
  /** The facts of the configuration in force. */
  facts: Facts;
  readonly counts: ShadowCounts = { same: 0, differs: 0, unanswered: 0, dropped: 0 };
  readonly kinds = new Map<Kind, number>();
  #second = -Infinity;
  #lines = 0;

  /** @param now monotonic milliseconds */
  constructor(queue: AskingQueue, facts: Facts, log: Log, now: () => number) {
    this.#queue = queue;
    this.facts = facts;
    this.#log = log;
    this.#now = now;
  }

  /** @returns undefined where the other socketmap is not asked */
  ask(map: string, key: string): Promise<Answer> | undefined {
    const tooLong = map.length + 1 + key.length > COMPARED_MAX_BYTES;
    const asked = tooLong ? undefined : this.#queue.ask(map, key);
    if (asked === undefined) this.counts.dropped += 1;
    return asked;
  }

  /** To be called when ours has answered: asks the other one the same, and compares. */
  beside(map: string, key: string, ours: Reply): void {
    void this.ask(map, key)?.then((other) => this.compare(map, key, ours, other));
  }

  compare(map: string, key: string, ours: Reply, other: Answer): void {
    if (other.class === 'none') {
      this.counts.unanswered += 1;
      return;
    }
    const mine: Answer = { class: ours.status, text: ours.text };
    if (isSame(mine, other)) {
      this.counts.same += 1;
      return;
    }
    this.counts.differs += 1;
    const plain = withoutDetail(key);
    if (plain === undefined) this.#judge(map, key, mine, other, undefined);
    else void this.#plain(map, plain).then((answer) => this.#judge(map, key, mine, other, answer));
  }

  close(): void {
    this.#queue.close();
  }

  #plain(map: string, key: string): Promise<Answer | undefined> {
    return this.#queue.ask(map, key) ?? Promise.resolve(undefined);
  }

  #judge(map: string, key: string, ours: Answer, other: Answer, plainOther: Answer | undefined): void {
    const { kind, agrees } = judge({ key, ours, other, plainOther }, this.facts);
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (!this.#hasRoom()) return;
    const said = { ours: formatAnswer(ours), other: formatAnswer(other) };
    verbs.shadowDiffers(this.#log, { map, key, ...said, kind, agrees });
  }

  #hasRoom(): boolean {
    const now = this.#now();
    if (now - this.#second >= SECOND_MS) {
      this.#second = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= LINES_PER_SECOND;
  }
}
