// Where Cyrus' events come in: the socket, its receiver, and what they do to the validator. Joined here so that
// neither the front's listener nor Cyrus' protocol knows of the other.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EventsConfig } from '../../config/config.js';
import { DlistForwarder } from './dlist-forwarder.js';
import { EventReceiver } from './event-receiver.js';
import { formatEndpoint } from '../../net/endpoint.js';
import { ConfigError, messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import { Listener } from '../../net/listener.js';
import type { Validator } from '../../validation/validator.js';

/** The kernel's queue of Cyrus processes that push at once; each waits there for its turn. */
const BACKLOG = 1024;
/** Writable for the group or for others. */
const WRITABLE_BY_OTHERS = 0o022;

export type Events = {
  readonly receiver: EventReceiver;
  /** How often everything known was forgotten. */
  readonly gaps: { readonly count: number };
  readonly forwarder: DlistForwarder | undefined;
  /** Listens no more; what is being pushed is lost. */
  readonly close: () => void;
};

/**
 * @param onGap called at each event that was not understood or may have been lost, after everything is forgotten
 * @throws ConfigError where others can write to the folder, UnavailableError where the socket is in use
 */
export async function openEvents(
  config: EventsConfig,
  validator: Validator,
  log: Log,
  onGap: () => void,
): Promise<Events> {
  requirePrivateFolder(config);
  const forwarder = config.forward === undefined ? undefined : new DlistForwarder(config.forward.path, log);
  const gaps = new GapLog(log);
  const effects = {
    forget: (mailbox: string) => validator.forget(mailbox),
    // Where Cyrus was not told to push quota events, nobody but a stranger sends one.
    markOverQuota: (mailbox: string) => {
      if (config.quota) validator.markOverQuota(mailbox);
    },
    gap: (reason: string) => {
      validator.forgetAll();
      gaps.add(reason);
      onGap();
    },
    handOn: forwarder === undefined ? () => undefined : forwarder.handOn.bind(forwarder),
  };
  const receiver = new EventReceiver(effects, () => validator.addressRules, log);
  const listener = await Listener.open(
    config.listen,
    { ...config, backlog: BACKLOG },
    {
      accepted: (socket) => receiver.accept(socket),
      failed: (error) => effects.gap(`an event connection was not accepted: ${messageOf(error)}`),
    },
  );
  log.info({ endpoint: listener.name }, 'listening-for-events');
  const close = () => {
    listener.close();
    receiver.close();
    forwarder?.close();
  };
  return { receiver, gaps, forwarder, close };
}

/** Whoever can replace the socket can keep Cyrus' events from us. */
function requirePrivateFolder({ listen }: EventsConfig): void {
  const folder = dirname(listen.path);
  let mode: number;
  try {
    mode = statSync(folder).mode;
  } catch (error) {
    throw new ConfigError(`events.listen is ${formatEndpoint(listen)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if ((mode & WRITABLE_BY_OTHERS) === 0) return;
  throw new ConfigError(
    `events.listen is ${formatEndpoint(listen)}: the folder must be writable by its owner alone, its mode is ` +
      (mode & 0o7777).toString(8).padStart(4, '0'),
  );
}

/** The first gap is a line, and then one for each minute in which there are more: a stranger cannot fill the disk. */
class GapLog {
  readonly #log: Log;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  add(reason: string): void {
    this.count += 1;
    this.#since += 1;
    if (this.#timer === undefined) this.#tell(reason);
  }

  #tell(reason: string): void {
    this.#log.warn({ reason, gaps: this.#since }, 'event-gap: everything known is forgotten');
    this.#since = 0;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#since > 0) this.#tell('more of them');
    }, GAP_LOG_MS).unref();
  }
}

const GAP_LOG_MS = 60_000;
