// Joins what is needed for Cyrus' events: the socket, the receiver, and what events do to the validator. It is done here, so that
// neither the listener nor the protocol of Cyrus needs to know of the other. I/O: a UNIX socket.
import type { EventsConfig } from '../../config/config.js';
import { DlistForwarder } from './dlist-forwarder.js';
import { DEFAULT_RECEIVER_LIMITS, EventReceiver } from './event-receiver.js';
import { eventEffects, type EffectParts } from './effects.js';
import { ExpectedServers } from './expected-servers.js';
import { GapLog } from './gap-log.js';
import { messageOf } from '../../errors.js';
import type { Log } from '../../log/log.js';
import { formatEndpoint } from '../../net/endpoint.js';
import { Listener } from '../../net/listener.js';
import { requirePrivateFolder } from '../../net/private-folder.js';
import { EventsProof } from '../../validation/events-proof.js';
import type { Validator } from '../../validation/validator.js';
import { listeningForEvents } from '../../log/verbs/events.js';

/** So many processes of Cyrus may wait in the kernel's queue to be accepted. */
const BACKLOG = 1024;

export type Events = {
  readonly receiver: EventReceiver;
  /** How often all earlier answers were outdated at once. */
  readonly gaps: { readonly count: number };
  /** The servers whose events are expected, as now configured. */
  readonly servers: ExpectedServers;
  readonly forwarder: DlistForwarder | undefined;
  /** The proof by which answers from before the last gap are outdated. */
  readonly proof: EventsProof;
  readonly listener: Listener;
  /** Stops listening; an event that is being pushed is lost. */
  readonly close: () => void;
};

/**
 * @param publish see EffectParts
 * @param onGap called at each event that was not understood or may have been lost, after everything is outdated
 * @param beside whether to take the place of a process that listens there already, see ListenerRules
 * @param maxConnections how many connections of Cyrus there may be at once, by how many files we may have open
 * @throws ConfigError where others can write to the folder, UnavailableError where the socket is in use
 */
export async function openEvents(
  config: EventsConfig,
  validator: Validator,
  log: Log,
  publish: EffectParts['publish'],
  onGap: () => void,
  beside = false,
  maxConnections = DEFAULT_RECEIVER_LIMITS.maxConnections,
): Promise<Events> {
  requirePrivateFolder(`events.listen is ${formatEndpoint(config.listen)}`, config.listen.path);
  const forwarder = config.forward === undefined ? undefined : new DlistForwarder(config.forward.path, log);
  const gaps = new GapLog(log);
  const servers = new ExpectedServers(config.serverNames, log);
  const proof = new EventsProof();
  const effects = eventEffects({
    remembered: validator,
    quota: config.quota,
    servers,
    gaps,
    forwarder,
    proof,
    now: () => performance.now(),
    publish,
    onGap,
  });
  const receiver = new EventReceiver(effects, () => validator.addressRules, log, {
    ...DEFAULT_RECEIVER_LIMITS,
    maxConnections,
  });
  const listener = await Listener.open(
    config.listen,
    { ...config, section: 'events', backlog: BACKLOG, beside },
    {
      accepted: (socket) => receiver.accept(socket),
      failed: (error) => effects.gap(`an event connection was not accepted: ${messageOf(error)}`),
    },
  );
  if (listener.succession !== undefined) proof.suspend();
  listeningForEvents(log, { endpoint: listener.name });
  const close = () => {
    listener.close();
    proof.close();
    receiver.close();
    forwarder?.close();
  };
  return { receiver, gaps, servers, forwarder, proof, listener, close };
}
