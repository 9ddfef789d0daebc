// A subscription to the mupdate master of a murder: its list, held and kept current; the NOOP that makes it so, and that shows
// that the master is there. What is lost is had anew after a pause, from the beginning. Opens sessions.
import { asError, ConfigError, LoginError, messageOf, UnavailableError } from '../../errors.js';
import type { Log } from '../../log/verb.js';
import * as verbs from '../../log/verbs/mupdate.js';
import { Backoff, type BackoffLimits } from '../pool/backoff.js';
import { Entries } from './entries.js';
import type { MupdateEntry } from './response.js';
import { MasterSession, type MasterAccess } from './session.js';
import { SharedNoop } from './shared-noop.js';

export type SubscriptionOptions = BackoffLimits & {
  /** Of the back-channel, for the log. */
  readonly name: string;
  readonly access: MasterAccess;
  /** Between two NOOPs, where nobody needs one. */
  readonly heartbeatMs: number;
  /** INBOXes that are held at most. */
  readonly maxMailboxes: number;
  /** Servers of the murder that the configuration names, in lower case. */
  readonly servers: ReadonlySet<string>;
  /** Told of each user's INBOX of which something changed, in Cyrus' internal form. */
  readonly changed: (name: string) => void;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
};

/** For metrics and doctor. `waiting`: a pause after a failure. */
export type SubscriptionState = {
  readonly standing: 'connecting' | 'listing' | 'current' | 'waiting';
  /** Why it is not current. */
  readonly trouble: string | undefined;
  readonly mailboxes: number;
  /** How often the list came whole. */
  readonly lists: number;
  /** NOOPs that were answered. */
  readonly noops: number;
  /** When the last one was, in monotonic milliseconds. */
  readonly answeredAt: number | undefined;
  /** Servers of the murder that the configuration does not name. */
  readonly strangers: readonly string[];
};

/** The session and what it has told. */
type Held = { readonly session: MasterSession; readonly entries: Entries; readonly since: number };

export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #backoff: Backoff;
  readonly #noop = new SharedNoop(() => this.#sendNoop());
  readonly #foreign = new Set<string>();
  #standing: SubscriptionState['standing'] = 'connecting';
  #trouble: Error | undefined;
  #held: Held | undefined;
  #opening: MasterSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  #since = -Infinity;
  #lists = 0;
  #noops = 0;
  #answeredAt: number | undefined;
  #closed = false;
  /** Resolves when the first attempt has come to its end, whichever. */
  readonly tried: Promise<void>;

  /** Begins at once. */
  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options, options.now, options.random);
    this.tried = this.#begin();
  }

  get state(): SubscriptionState {
    const current = this.current !== undefined;
    return {
      standing: this.#standing === 'current' && !current ? 'waiting' : this.#standing,
      trouble: current ? undefined : this.#reason,
      mailboxes: this.#held?.entries.mailboxes ?? 0,
      lists: this.#lists,
      noops: this.#noops,
      answeredAt: this.#answeredAt,
      strangers: [...this.#foreign],
    };
  }

  /** What the master lists, as of the last NOOP or later; undefined while it is not heard. */
  get current(): Entries | undefined {
    return this.#held?.session.botched === false ? this.#held.entries : undefined;
  }

  /** When the list was asked for that is held, or was last: changes before are not told one by one. */
  get since(): number {
    return this.#since;
  }

  /** Servers of the murder that the configuration does not name; seen since the start, since a list may lose them. */
  get foreign(): ReadonlySet<string> {
    return this.#foreign;
  }

  /**
   * @returns what the master lists: whatever anybody was told of before this call is in it
   * @throws UnavailableError where the master does not answer
   */
  async barrier(): Promise<Entries> {
    const held = this.#held;
    if (held === undefined) throw this.#unavailable();
    await this.#noop.pass();
    if (this.#held !== held) throw this.#unavailable();
    return held.entries;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#opening?.close();
    this.#held?.session.close();
    this.#held = undefined;
  }

  get #reason(): string {
    if (this.#trouble !== undefined) return messageOf(this.#trouble);
    return this.#standing === 'listing' ? 'its list is still coming' : 'it was not reached yet';
  }

  #unavailable(): UnavailableError {
    return new UnavailableError(`the mupdate master cannot be asked: ${this.#reason}`);
  }

  async #begin(): Promise<void> {
    const { access, log, name, now, maxMailboxes } = this.#options;
    this.#standing = 'connecting';
    const begun = now();
    let session: MasterSession | undefined;
    try {
      session = await MasterSession.open(access);
      this.#opening = session;
      if (this.#closed) throw new UnavailableError('closed');
      this.#standing = 'listing';
      const entries = new Entries(maxMailboxes, (server) => this.#met(server));
      const held = { session, entries, since: now() };
      await session.update((entry) => this.#take(entry, held));
      this.#hold(held);
      const { mailboxes } = entries;
      verbs.mupdateReady(log, { backchannel: name, mailboxes, ms: Math.round(now() - begun) });
    } catch (error) {
      session?.close();
      this.#failed(asError(error));
    } finally {
      this.#opening = undefined;
    }
  }

  #hold(held: Held): void {
    this.#held = held;
    this.#since = held.since;
    this.#lists += 1;
    this.#answeredAt = this.#options.now();
    this.#standing = 'current';
    this.#trouble = undefined;
    this.#backoff.succeeded();
    this.#beatLater();
  }

  /** While the list comes nobody needs to be told: whatever was said before it is outdated. */
  #take(entry: MupdateEntry, held: Held): void {
    const isInbox = held.entries.take(entry);
    if (isInbox && this.#held === held) this.#options.changed(entry.name);
  }

  #met(server: string): void {
    const { servers, log, name } = this.#options;
    if (servers.has(server) || this.#foreign.has(server)) return;
    this.#foreign.add(server);
    verbs.mupdateServer(log, { backchannel: name, server });
  }

  #beatLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), this.#options.heartbeatMs);
  }

  async #beat(): Promise<void> {
    try {
      const { wasteful } = await this.barrier();
      if (wasteful) this.#lose(new UnavailableError('most of its list is gone, and it is had anew'));
      else this.#beatLater();
    } catch {
      // The session was lost with its NOOP, and the next attempt has its own time.
    }
  }

  async #sendNoop(): Promise<void> {
    const held = this.#held;
    if (held === undefined) throw this.#unavailable();
    try {
      await held.session.noop((entry) => this.#take(entry, held));
    } catch (error) {
      if (this.#held === held) this.#lose(asError(error));
      throw error;
    }
    this.#noops += 1;
    this.#answeredAt = this.#options.now();
  }

  #lose(error: Error): void {
    this.#held?.session.close();
    this.#held = undefined;
    this.#failed(error);
  }

  #failed(error: Error): void {
    if (this.#closed) return;
    const { log, name } = this.#options;
    // Neither is mended by trying again soon.
    const lasting = error instanceof LoginError || error instanceof ConfigError;
    const pauseMs = Math.round(lasting ? this.#backoff.refused() : this.#backoff.failed());
    const known = this.#trouble !== undefined && this.#trouble.message === error.message;
    verbs.mupdateDown.at(known ? 'debug' : 'error', log, {
      backchannel: name,
      error: messageOf(error),
      pauseMs,
    });
    this.#standing = 'waiting';
    this.#trouble = error;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#begin(), pauseMs);
  }
}
