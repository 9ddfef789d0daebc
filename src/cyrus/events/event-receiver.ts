// Receives the events that Cyrus pushes (notifysocket: dlist:PATH), applies each, and only then answers: when
// Cyrus has told its client that a mailbox is created, nothing older can be answered any more. Cyrus waits without a
// timeout, some of its processes with a lock held, so nothing is waited for here but other machines that must forget too, for
// a lease at most, and never for a delivery. Whatever may be lost is a gap.
import type { Socket } from 'node:net';
import { messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import type { AddressRules } from '../../validation/recipient.js';
import { DEFAULT_DLIST_LIMITS, DLIST_OK, DlistParser, type DlistCommand, type DlistLimits } from './dlist.js';
import { readEvent, type MailboxEvent } from './event.js';
import { cyrusEvent } from '../../log/verbs/events.js';

/** What events do to what is remembered. Each returns at once. */
export interface EventEffects {
  forget(mailbox: string): void;
  markOverQuota(mailbox: string): void;
  /** Whether the server that tells of a change is one of ours. @param server as it names itself */
  expects(server: string | undefined): boolean;
  /** An event was not understood, or may have been lost: anything may have changed. */
  gap(reason: string): void;
  /** Not ours, and answered: a Sieve notification, say. */
  handOn(command: DlistCommand): void;
  /**
   * These changed, and are forgotten here.
   * @returns what Cyrus has to wait for until other machines have forgotten them too; undefined where there is nothing
   */
  tell(mailboxes: readonly string[], event: string): Promise<void> | undefined;
}

export type ReceiverLimits = DlistLimits & {
  /** Processes of Cyrus that push at the same time. One more is closed, and that is a gap. */
  readonly maxConnections: number;
  /** For a connection that sends no whole command; Cyrus opens one for each event. */
  readonly idleTimeoutMs: number;
};

export const DEFAULT_RECEIVER_LIMITS: ReceiverLimits = Object.freeze({
  ...DEFAULT_DLIST_LIMITS,
  maxConnections: 1_000,
  idleTimeoutMs: 30_000,
});

/** One connection of Cyrus'. */
type Conversation = {
  readonly socket: Socket;
  readonly parser: DlistParser;
  readonly timer: NodeJS.Timeout;
  /** `held`: the answer to a command waits for other machines. `ended`: what it sent was no dlist. */
  state: 'reading' | 'held' | 'ended';
};

/** Names of events are Cyrus' own; a stranger's must not fill the memory. */
const COUNTED_NAMES_MAX = 100;

export class EventReceiver {
  readonly #effects: EventEffects;
  readonly #rules: () => AddressRules;
  readonly #limits: ReceiverLimits;
  readonly #log: Log;
  readonly #connections = new Set<Socket>();
  /** Events by name. */
  readonly counts = new Map<string, number>();

  /** @param rules of now: a reload may change which mailbox a name is kept under */
  constructor(
    effects: EventEffects,
    rules: () => AddressRules,
    log: Log,
    limits: ReceiverLimits = DEFAULT_RECEIVER_LIMITS,
  ) {
    this.#effects = effects;
    this.#rules = rules;
    this.#log = log;
    this.#limits = limits;
  }

  /** Takes a connection of Cyrus'. */
  accept(socket: Socket): void {
    if (this.#connections.size >= this.#limits.maxConnections) {
      socket.destroy();
      this.#effects.gap(`over ${this.#limits.maxConnections} connections push events`);
      return;
    }
    this.#connections.add(socket);
    const conversation: Conversation = {
      socket,
      parser: new DlistParser(this.#limits),
      // Not the socket's own: that would begin anew with each byte.
      timer: setTimeout(() => socket.destroy(), this.#limits.idleTimeoutMs).unref(),
      state: 'reading',
    };
    socket.on('data', (chunk: Buffer) => {
      if (conversation.state === 'ended') return;
      conversation.parser.feed(chunk);
      if (conversation.state === 'reading') this.#read(conversation);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      if (conversation.state !== 'held') socket.resume();
    });
    socket.on('close', () => {
      this.#connections.delete(socket);
      clearTimeout(conversation.timer);
      if (conversation.state === 'reading' && conversation.parser.pending)
        this.#effects.gap('a connection ended within an event');
    });
  }

  /** Processes of Cyrus that push just now. */
  get size(): number {
    return this.#connections.size;
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  /** Until there is no whole command any more, or one has to wait. What is no dlist is answered all the same, and the end. */
  #read(conversation: Conversation): void {
    const { socket, parser } = conversation;
    try {
      for (let command = parser.next(); command !== undefined; command = parser.next()) {
        const held = this.#apply(command);
        if (held !== undefined) {
          conversation.state = 'held';
          socket.pause();
          void held.then(() => this.#goOn(conversation));
          return;
        }
        this.#answer(conversation);
      }
    } catch (error) {
      conversation.state = 'ended';
      this.#effects.gap(messageOf(error));
      socket.write(DLIST_OK, 'latin1');
      socket.destroySoon();
    }
  }

  #goOn(conversation: Conversation): void {
    conversation.state = 'reading';
    conversation.socket.resume();
    this.#answer(conversation);
    this.#read(conversation);
  }

  #answer({ socket, timer }: Conversation): void {
    timer.refresh();
    // Who takes no answers is read no further: they must not pile up here.
    if (!socket.write(DLIST_OK, 'latin1')) socket.pause();
  }

  #apply(command: DlistCommand): Promise<void> | undefined {
    const event = readEvent(command, this.#rules());
    this.#count(event.event);
    if (this.#log.isLevelEnabled('debug')) cyrusEvent(this.#log, fieldsOf(event));
    return this.#effect(event, command);
  }

  #effect(event: MailboxEvent, command: DlistCommand): Promise<void> | undefined {
    const told = event.kind === 'changed' || event.kind === 'overquota';
    if (told && !this.#effects.expects(event.server)) {
      this.#effects.gap(`event ${event.event} is of a server that is not expected`);
      return undefined;
    }
    switch (event.kind) {
      case 'changed':
        for (const mailbox of event.mailboxes) this.#effects.forget(mailbox);
        return event.mailboxes.length === 0 ? undefined : this.#effects.tell(event.mailboxes, event.event);
      case 'overquota':
        for (const mailbox of event.mailboxes) this.#effects.markOverQuota(mailbox);
        return undefined;
      case 'doubtful':
        this.#effects.gap(`event ${event.event} ${event.reason}`);
        return undefined;
      case 'other':
        if (event.foreign) this.#effects.handOn(command);
        return undefined;
    }
  }

  #count(name: string): void {
    const known = this.counts.get(name);
    if (known === undefined && this.counts.size >= COUNTED_NAMES_MAX) return;
    this.counts.set(name, (known ?? 0) + 1);
  }
}

function fieldsOf(event: MailboxEvent): Parameters<typeof cyrusEvent>[1] {
  const { kind, event: name } = event;
  const names = 'mailboxes' in event ? event.mailboxes : undefined;
  return { name, kind, names, reason: 'reason' in event ? event.reason : undefined };
}
