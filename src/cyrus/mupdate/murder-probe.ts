// A murder: the mupdate master says which server has a mailbox, and that server is asked. Unknown only where the master, asked
// after the question, does not list it, every server has just denied it with its own witness, and the list holds the witness of
// each: a master that lost its list, or has only a part of it, denies nobody. No I/O; owns its subscription, not the servers.
import { keyOfInbox } from '../mailbox-list/names.js';
import { isListable } from '../mailbox-list/listable.js';
import { answerOf, askAll, hasIt, judgeAll } from '../../validation/answers.js';
import { AnyOfProbe } from '../../validation/any-of-probe.js';
import { Deadlines } from '../../validation/deadlines.js';
import type { Asker, Found, Probe } from '../../validation/probe.js';
import type { Proof } from '../../validation/proof.js';
import type { Recipient } from '../../validation/recipient.js';
import { addEvidence, deferred, type Verdict } from '../../validation/verdict.js';
import { messageOf } from '../../errors.js';
import type { Entries, Place } from './entries.js';
import type { SubscriptionState } from './subscription.js';

/** What is needed of a Subscription. */
export interface Master {
  readonly state: SubscriptionState;
  readonly current: Pick<Entries, 'find' | 'on'> | undefined;
  readonly since: number;
  readonly foreign: ReadonlySet<string>;
  readonly tried: Promise<void>;
  barrier(): Promise<Pick<Entries, 'find' | 'on'>>;
  close(): void;
}

/** A server of the murder, and who is asked about its mailboxes. */
export type MurderServer = {
  /** Its `servername` of imapd.conf, in lower case. */
  readonly name: string;
  readonly probe: Probe;
  /** The mailboxes that must exist there; undefined where none is configured. */
  readonly canaries: readonly Recipient[];
};

/** The part of the time left for which the first list is waited for; later ones are not. */
const FIRST_LIST_SHARE = 0.3;

export class MurderProbe implements Probe {
  readonly name: string;
  readonly members: readonly Probe[];
  readonly acceptsEightBit = false;
  readonly asksEightBit: boolean;
  readonly seesFolders: boolean;
  readonly judgesSize: boolean;
  readonly #master: Master;
  readonly #servers: ReadonlyMap<string, MurderServer>;
  readonly #everywhere: AnyOfProbe;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  #underWay = 0;
  #drained: (() => void) | undefined;
  /** What was said before its list was asked for is outdated; a "no" is as old as its NOOP, and is not remembered. */
  readonly proof: Proof;

  /** @param now monotonic milliseconds, of the same clock as the deadlines */
  constructor(name: string, master: Master, servers: readonly MurderServer[], now: () => number) {
    this.name = name;
    this.members = [...new Set(servers.map(({ probe }) => probe))];
    this.#master = master;
    this.#servers = new Map(servers.map((server) => [server.name, server]));
    this.#everywhere = new AnyOfProbe(this.members, now);
    this.asksEightBit = this.#everywhere.asksEightBit;
    this.seesFolders = this.#everywhere.seesFolders;
    this.judgesSize = this.#everywhere.judgesSize;
    this.#now = now;
    this.#deadlines = new Deadlines(now);
    this.proof = {
      floor: () => master.since,
      describe: () =>
        `mupdate: ${master.current === undefined ? 'the master is not heard' : 'the master tells each change within its heartbeat'}`,
      vouchesForUnknown: false,
      get deferUnknown() {
        return master.current === undefined;
      },
    };
  }

  /** For metrics and doctor. */
  get state(): SubscriptionState {
    return this.#master.state;
  }

  /** Resolves when its list has come for the first time, or could not be had. */
  get tried(): Promise<void> {
    return this.#master.tried;
  }

  async check(recipient: Recipient, deadline: number, asker?: Asker): Promise<Verdict> {
    return (await this.search(recipient, deadline, asker)).verdict;
  }

  /** @param home the server by whose word it is known: it is asked first while the master does not say where it is */
  async search(recipient: Recipient, deadline: number, asker?: Asker, home?: Probe): Promise<Found> {
    this.#underWay += 1;
    try {
      return await this.#search(recipient, deadline, asker, home);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#drained?.();
    }
  }

  async #search(
    recipient: Recipient,
    deadline: number,
    asker: Asker | undefined,
    home: Probe | undefined,
  ): Promise<Found> {
    await this.#firstList(deadline);
    const { current } = this.#master;
    if (current === undefined || !isListable(recipient))
      return this.#unlessDoubtful(await this.#askEverywhere(recipient, deadline, asker, home));
    const name = keyOfInbox(recipient.mailbox, 'dotted');
    const ask = (probe: Probe) => probe.check(recipient, deadline, asker);
    const first = this.#serverAt(current.find(name));
    if (first !== undefined) {
      const verdict = await ask(first.probe);
      if (verdict.kind !== 'unknown') return { verdict, by: first.probe };
    }
    // It may have been made, moved or deleted meanwhile, and that may not have come yet.
    const place = await this.#placeNow(name);
    if (typeof place === 'string') return this.#deferred(place);
    const server = this.#serverAt(place);
    if (place.kind === 'absent') return this.#deny(recipient, name, deadline, asker);
    if (place.kind === 'on' && server === undefined)
      return this.#deferred(
        `the mailbox is on ${place.server}, which backchannel.${this.name}.servers does not name`,
      );
    if (server !== undefined && server !== first) {
      const verdict = await ask(server.probe);
      if (verdict.kind !== 'unknown') return { verdict, by: server.probe };
    }
    const found = await this.#askEverywhere(recipient, deadline, asker, home);
    if (found.verdict.kind !== 'unknown') return found;
    const where = server === undefined ? 'as being made or moved' : `on ${server.name}`;
    return this.#deferred(
      `the mupdate master lists the mailbox ${where}, and no server has it`,
      found.verdict,
    );
  }

  async drain(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    await this.close();
  }

  close(): Promise<void> {
    this.#master.close();
    return Promise.resolve();
  }

  /** What all of them say together is the word of the murder. */
  async #askEverywhere(
    recipient: Recipient,
    deadline: number,
    asker: Asker | undefined,
    home: Probe | undefined,
  ): Promise<Found> {
    const { verdict, by } = await this.#everywhere.search(recipient, deadline, asker, home);
    return { verdict, by: by === this.#everywhere ? this : by };
  }

  /** The master lists no such mailbox. Whoever has it all the same proves that its list is not whole. */
  async #deny(
    recipient: Recipient,
    name: string,
    deadline: number,
    asker: Asker | undefined,
  ): Promise<Found> {
    const doubt = this.#doubt();
    if (doubt !== undefined) return this.#deferred(doubt);
    const answers = await askAll(this.members, (member) => answerOf(member, recipient, deadline, asker));
    const has = hasIt(answers);
    if (has === undefined) return this.#judge(answers);
    const place = await this.#placeNow(name);
    if (typeof place !== 'string' && place.kind !== 'absent') return this.#judge([has]);
    return this.#deferred(`${has.by.name} has the mailbox, and the mupdate master does not list ${name}`);
  }

  /** The master does not list it: what was known of it is not served any more where a server cannot be asked. */
  #judge(answers: Parameters<typeof judgeAll>[0]): Found {
    try {
      return judgeAll(answers, this);
    } catch (error) {
      return this.#deferred(messageOf(error));
    }
  }

  /** Of recipients that the list cannot decide: a "no" needs the master all the same, since every server must have been asked. */
  async #unlessDoubtful(found: Found): Promise<Found> {
    if (found.verdict.kind !== 'unknown') return found;
    try {
      await this.#master.barrier();
    } catch (error) {
      return this.#deferred(messageOf(error), found.verdict);
    }
    const doubt = this.#doubt();
    return doubt === undefined ? found : this.#deferred(doubt, found.verdict);
  }

  /** Why the master's list may not be whole; undefined where nothing speaks against it. */
  #doubt(): string | undefined {
    const { current, foreign } = this.#master;
    if (current === undefined) return 'the mupdate master is not heard any more';
    const [stranger] = foreign;
    if (stranger !== undefined)
      return `the murder has the server ${stranger}, which backchannel.${this.name}.servers does not name`;
    for (const { name, canaries } of this.#servers.values()) {
      const lacks = canaries.find((canary) => isListable(canary) && !isOn(current, canary, name));
      if (lacks !== undefined)
        return `the mupdate master does not list the witness ${lacks.address} on ${name}: it may have lost its list`;
      if (current.on(name) === 0)
        return `the mupdate master lists no mailbox on ${name}: it may have lost its list`;
    }
    return undefined;
  }

  /** Where it is, for sure; why that is not known. */
  async #placeNow(name: string): Promise<Place | string> {
    try {
      return (await this.#master.barrier()).find(name);
    } catch (error) {
      return messageOf(error);
    }
  }

  #serverAt(place: Place): MurderServer | undefined {
    return place.kind === 'on' ? this.#servers.get(place.server) : undefined;
  }

  /** At the start, so that who asks once, as `check` does, is told by the list. */
  async #firstList(deadline: number): Promise<void> {
    const now = this.#now();
    const due = now + Math.max(0, deadline - now) * FIRST_LIST_SHARE;
    if (this.#master.current === undefined)
      await this.#deadlines.within(due, this.#master.tried, { late: () => undefined });
  }

  #deferred(reason: string, said?: Verdict): Found {
    const evidence = said !== undefined && said.kind !== 'deliverable' ? said.evidence : undefined;
    return { verdict: addEvidence(deferred(reason), evidence ?? { backchannel: this.name }), by: this };
  }
}

function isOn(entries: Pick<Entries, 'find'>, { mailbox }: Recipient, server: string): boolean {
  const place = entries.find(keyOfInbox(mailbox, 'dotted'));
  return place.kind === 'on' && place.server === server;
}
