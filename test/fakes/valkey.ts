// Valkey as publishers and followers use it, in memory: what it holds, and links to it that are slow, cut, or lose answers. A
// command that was sent over a cut link may still be carried out later. For tests with a fake clock.
import { UnavailableError } from '../../src/errors.js';
import type { RawEntry, Told } from '../../src/fleet/entry-codec.js';
import type { FollowerStore, PublisherStore } from '../../src/fleet/store.js';

/**
 * The way to Valkey of one process. Milliseconds; `Infinity` is a link that is cut; `deaf`: no entries come; `unwatched`: what followers
 * tell is not heard; `mute`: nothing is told; `toldMs`: how much later that is heard.
 */
export type Link = {
  there: number;
  back: number;
  refused?: boolean;
  deaf?: boolean;
  unwatched?: boolean;
  mute?: boolean;
  toldMs?: number;
};

const POLL_MS = 50;

export class FakeValkey {
  beacon: string | null = null;
  questions = 0;
  readonly followers = new Map<string, Map<string, number>>();
  stream: RawEntry[] = [];
  maxEntries = 1_000;
  /** How often a publisher has looked at the list of followers, between its beats. */
  looks = 0;
  #lastId = 0;
  /** While it stands still, commands wait. */
  #resumed: Promise<void> = Promise.resolve();
  #resume = (): void => undefined;

  #polled: Promise<void> | undefined;
  readonly #watching: ((what: Told) => void)[] = [];

  stop(): void {
    this.#resumed = new Promise((resolve) => (this.#resume = resolve));
  }

  goOn(): void {
    this.#resume();
  }

  empty(): void {
    this.beacon = null;
    this.questions = 0;
    this.followers.clear();
    this.stream = [];
  }

  add(fields: readonly string[]): string {
    this.#lastId += 1;
    const id = `${this.#lastId}-0`;
    this.stream.push([id, [...fields]]);
    this.stream.splice(0, Math.max(0, this.stream.length - this.maxEntries));
    return id;
  }

  /** Never back. */
  acknowledge({ instance, follower, seq }: Told): void {
    const list = this.followers.get(instance) ?? new Map<string, number>();
    this.followers.set(instance, list);
    if (seq > (list.get(follower) ?? -1)) list.set(follower, seq);
  }

  tell(what: Told): void {
    for (const told of this.#watching) told(what);
  }

  entriesAfter(id: string): RawEntry[] {
    return this.stream.filter(([each]) => parseInt(each) > parseInt(id));
  }

  publisherStore(link: Link, answerMs: number): PublisherStore {
    const ask = this.#asker(link, answerMs);
    const listOf = (instance: string) => this.followers.get(instance);
    return {
      beacon: () => ask(() => this.beacon),
      dropFollowers: (instance) => ask(() => void this.followers.delete(instance)),
      append: (fields) => ask(() => this.add(fields)),
      begin: (instance, beacon) =>
        ask(() => {
          this.followers.set(
            instance,
            (listOf(instance) ?? new Map<string, number>()).set('publisher', Infinity),
          );
          this.beacon = beacon;
        }),
      hear: (instance) =>
        ask(() => {
          const list = listOf(instance);
          const followers = new Map(list);
          return { question: this.questions, list: followers.delete('publisher') ? followers : undefined };
        }),
      shine: (instance, beacon) =>
        ask(() => {
          const before = this.beacon;
          if (before !== null) this.beacon = beacon;
          return { before, followers: (listOf(instance)?.size ?? 0) - 1 };
        }),
      least: (instance, from) =>
        ask(() => {
          this.looks += 1;
          const list = listOf(instance);
          return list === undefined
            ? undefined
            : Math.min(...[...list.values()].filter((seq) => seq >= from));
        }),
      watch: (told) => {
        this.#watching.push((what) => {
          if (link.unwatched === true || link.refused === true) return;
          setTimeout(() => told(what), Math.min(link.back, 1e6) + (link.toldMs ?? 0));
        });
      },
      get watching() {
        return link.unwatched !== true;
      },
      drop: (instance, below) =>
        ask(() => {
          const list = listOf(instance) ?? new Map<string, number>();
          const late = [...list].filter(([, seq]) => seq < below);
          for (const [id] of late) list.delete(id);
          return late.length;
        }),
      reconnect: () => undefined,
      close: () => undefined,
    };
  }

  followerStore(link: Link, answerMs: number, id: string): FollowerStore {
    const ask = this.#asker(link, answerMs);
    return {
      beat: (ack) =>
        ask(() => {
          const { beacon } = this;
          if (ack !== undefined) this.acknowledge({ ...ack, follower: id });
          this.questions += 1;
          return { beacon, question: this.questions };
        }),
      read: async (after, ack, acknowledged) => {
        if (ack !== undefined)
          void ask(() => {
            this.acknowledge({ ...ack, follower: id });
            if (link.mute !== true) this.tell({ ...ack, follower: id });
          }).then(
            () => acknowledged(ack),
            () => undefined,
          );
        while (link.deaf === true) await this.#nextPoll();
        const entries = await ask(() => this.entriesAfter(after));
        if (entries.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
        return entries;
      },
      reconnect: () => undefined,
      close: () => undefined,
    };
  }

  #asker(link: Link, answerMs: number) {
    return <Answer>(command: () => Answer): Promise<Answer> =>
      new Promise((resolve, reject) => {
        if (link.refused === true) {
          reject(new UnavailableError('connection refused'));
          return;
        }
        const timer = setTimeout(() => reject(new UnavailableError('no answer in time')), answerMs);
        void this.#carryOut(link, command).then((answer) => {
          clearTimeout(timer);
          resolve(answer);
        });
      });
  }

  /** One timer for all that wait. */
  #nextPoll(): Promise<void> {
    this.#polled ??= new Promise<void>((resolve) => setTimeout(resolve, POLL_MS)).then(
      () => (this.#polled = undefined),
    );
    return this.#polled;
  }

  async #carryOut<Answer>(link: Link, command: () => Answer): Promise<Answer> {
    while (link.there === Infinity) await this.#nextPoll();
    await new Promise((resolve) => setTimeout(resolve, link.there));
    await this.#resumed;
    const answer = command();
    while (link.back === Infinity) await this.#nextPoll();
    await new Promise((resolve) => setTimeout(resolve, link.back));
    return answer;
  }
}
