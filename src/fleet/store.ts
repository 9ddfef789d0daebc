// What of Valkey a publisher, a follower and doctor need: a few commands each, in the order in which Valkey is to carry them out.
// Types only; valkey.ts has them over a connection.
import type { Instance, RawEntry, Told } from './entry-codec.js';
import type { Ack } from './follower.js';

export type Heard = {
  readonly question: number;
  /** By follower; undefined where the list is not there any more, or too long to be read. */
  readonly list: ReadonlyMap<string, number> | undefined;
};

/** Each call is rejected where the connection ends, and where no answer comes in time: then it may still be carried out. */
export interface PublisherStore {
  /** The beacon as it stands; null where there is none. */
  beacon(): Promise<string | null>;
  /** Ends what a former publisher kept of its followers. */
  dropFollowers(instance: Instance): Promise<void>;
  /** @returns the id that the entry got */
  append(fields: readonly string[]): Promise<string>;
  /** Makes the list of followers of a new instance, and then the beacon, whatever was there. */
  begin(instance: Instance, beacon: string): Promise<void>;
  /** In this order: reads the number of the last question of followers, and up to where each of them has forgotten. */
  hear(instance: Instance): Promise<Heard>;
  /**
   * Replaces the beacon where there is one.
   * @returns the one before; null where there was none, so nothing was written; and how many followers there are, -1 where
   *   their list is lost
   */
  shine(instance: Instance, beacon: string): Promise<{ before: string | null; followers: number }>;
  /**
   * The number up to which all followers have forgotten that have acknowledged `from` or more: Infinity where there are none;
   * undefined where their list is lost.
   */
  least(instance: Instance, from: number): Promise<number | undefined>;
  /** @param told called soon after a follower has acknowledged something and told so, while `watching` */
  watch(told: (what: Told) => void): void;
  /** Whether it is known just now that all of that is heard. */
  readonly watching: boolean;
  /** Followers that have not acknowledged this number are followers no more. @returns how many */
  drop(instance: Instance, below: number): Promise<number>;
  /** What was sent and not answered is given up. */
  reconnect(): void;
  close(): void;
}

export interface FollowerStore {
  /** In this order: reads the beacon, acknowledges, asks. */
  beat(ack: Ack | undefined): Promise<{ beacon: string | null; question: number }>;
  /**
   * Acknowledges, tells the publisher so where it may, and waits for entries behind that one, for a second at most.
   * @param acknowledged called when the acknowledgement has arrived
   */
  read(after: string, ack: Ack | undefined, acknowledged: (ack: Ack) => void): Promise<readonly RawEntry[]>;
  reconnect(): void;
  close(): void;
}

/** Its name, and what is written behind it. */
export type Command = readonly [name: string, ...words: (string | number)[]];

/** What Valkey said to a command: an error such as `NOPERM …`, or a value. */
export type Reply = { readonly error: string | undefined; readonly value: unknown };

/** Of doctor, who asks a few things and goes. */
export interface Visit {
  /** In one go. @throws UnavailableError where not all were answered in time */
  ask(commands: readonly Command[]): Promise<readonly Reply[]>;
  close(): void;
}
