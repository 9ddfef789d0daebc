// Receives the events that Cyrus pushes (notifysocket: dlist:PATH). Each is applied before it is answered: so when Cyrus tells its
// client that a mailbox is created, we have forgotten our older answer already. Cyrus waits without a timeout, and some of its
// processes hold a lock meanwhile. So we wait for nothing but other machines that must forget too: for a lease at most, and
// never for a delivery. An event that may have been lost is a gap. I/O: sockets.
import type { Socket } from 'node:net';
import { messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import type { AddressRules } from '../../validation/recipient.js';
import { DEFAULT_DLIST_LIMITS, DLIST_OK, DlistParser, type DlistCommand, type DlistLimits } from './dlist.js';
import { readEvent, type MailboxEvent } from './event.js';
import { cyrusEvent } from '../../log/verbs/events.js';

/** What events do to what we remember. Each of these functions returns at once. */
export interface EventEffects {
  forget(mailbox: string): void;
  markOverQuota(mailbox: string): void;
  /** Whether the server that pushed an event is one of ours. @param server the name that it gives itself */
  expects(server: string | undefined): boolean;
  /** An event was not understood, or may have been lost: any mailbox may have changed. */
  gap(reason: string): void;
  /** A command that is no mailbox event, such as a Sieve notification. */
  handOn(command: DlistCommand): void;
  /**
   * Tells other machines that these mailboxes changed, after they were forgotten here.
   * @returns a promise for which Cyrus must wait, until the others have forgotten them too; undefined where it need not wait
   */
  tell(mailboxes: readonly string[], event: string): Promise<void> | undefined;
}

export type ReceiverLimits = DlistLimits & {
  /** How many processes of Cyrus may push at the same time. The connection of one more is closed, and that is a gap. */
  readonly maxConnections: number;
  /** A connection is closed if no whole command comes for so long, in milliseconds. Cyrus opens one for each event. */
  readonly idleTimeoutMs: number;
};

export const DEFAULT_RECEIVER_LIMITS: ReceiverLimits = Object.freeze({
  ...DEFAULT_DLIST_LIMITS,
  maxConnections: 1_000,
  idleTimeoutMs: 30_000,
});

/** One connection of a Cyrus process. */
type Conversation = {
  readonly socket: Socket;
  readonly parser: DlistParser;
  readonly timer: NodeJS.Timeout;
  /** `held`: the answer to a command waits for other machines. `ended`: what it sent was no dlist. */
  state: 'reading' | 'held' | 'ended';
};

/** How many names of events are counted. Cyrus has fewer, and made-up names of a stranger must not fill the memory. */
const COUNTED_NAMES_MAX = 100;

export class EventReceiver {
  readonly #effects: EventEffects;
  readonly #rules: () => AddressRules;
  readonly #limits: ReceiverLimits;
  readonly #log: Log;
  readonly #connections = new Set<Socket>();
  /** How many events of each name came. */
  readonly counts = new Map<string, number>();

  /** @param rules gives the present rules, since a reload may change the name of a mailbox in the cache */
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

  /** Takes a connection of a Cyrus process. */
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
      // The socket's own timeout would begin anew with each byte, so this timer is used instead.
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
      // A whole command that waits its turn is still applied; but whether it is whole is not known here.
      if (conversation.state !== 'ended' && conversation.parser.pending)
        this.#effects.gap('a connection ended within an event');
    });
  }

  /** How many processes of Cyrus are connected now. */
  get size(): number {
    return this.#connections.size;
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  /** Applies commands until one has to wait. Bytes that are no dlist are answered too, so that Cyrus goes on; then it is closed. */
  #read(conversation: Conversation): void {
    const { socket, parser } = conversation;
    try {
      for (let command = parser.next(); command !== undefined; command = parser.next()) {
        const held = this.#apply(command);
        if (held !== undefined) {
          conversation.state = 'held';
          socket.pause();
          // Cyrus waits for its answer in any case, so a failure of ours must not keep it.
          const goOn = (): void => this.#goOn(conversation);
          void held.then(goOn, goOn);
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
    // Answers must not pile up here, so a peer that does not read them is not read any further.
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
