// A login: chooses a mechanism that is allowed and offered, and exchanges its messages. Where the server refuses, the error names
// the user. No I/O of its own.
import { asError, LoginError, ProtocolError, UnavailableError } from '../../errors.js';
import type { MechanismName } from '../../config/mechanism-names.js';
import { bindingFor, chooseMechanism } from './choice.js';
import { createMechanism } from './create-mechanism.js';
import { exchange, type Carrier } from './exchange.js';
import type { Credentials } from './mechanism.js';
import type { ChannelBinding } from '../wire/channel-binding.js';
import { withoutSecrets } from '../wire/trace.js';

/** Who logs in, and by which mechanisms, in the order of preference. */
export type Login = {
  readonly credentials: Credentials;
  readonly mechanisms: readonly MechanismName[];
  /** Whether PLAIN and CRAM-MD5 are allowed even where the connection is not confidential. */
  readonly plainAnywhere: boolean;
};

/** The connection over which the login is sent. */
export type Channel = {
  /** Whether it has TLS or stays on this machine. */
  readonly confidential: boolean;
  readonly binding: ChannelBinding | undefined;
};

/**
 * Logs in by the first allowed mechanism that the server offers.
 * @param offered as the server wrote them
 * @throws LoginError where the server refused or offers none, ProtocolError where it broke the exchange
 */
export async function logIn(
  { credentials, mechanisms, plainAnywhere }: Login,
  offered: readonly string[],
  { confidential, binding }: Channel,
  carrier: Carrier,
): Promise<void> {
  const sent: string[] = [];
  try {
    const policy = { allowed: mechanisms, confidential, plainAnywhere, binding };
    const name = chooseMechanism(offered, policy, credentials);
    const mechanism = createMechanism(name, credentials, bindingFor(name, offered, policy));
    await exchange(mechanism, remembering(carrier, sent));
  } catch (error) {
    throw toldOf(asError(error), credentials, sent);
  }
}

/** A carrier that also puts all that is sent into `sent`. */
function remembering(carrier: Carrier, sent: string[]): Carrier {
  return {
    takesInitialResponse: carrier.takesInitialResponse,
    start: (mechanism, initialResponse) => {
      if (initialResponse !== undefined) sent.push(initialResponse);
      return carrier.start(mechanism, initialResponse);
    },
    respond: (response) => {
      sent.push(response);
      return carrier.respond(response);
    },
  };
}

/**
 * The error without secrets, since it goes into the log and, as the reason of a deferral, to the mail server. If the server
 * repeats what we sent, the password must not get there; so the first error is not kept as its cause either.
 */
function toldOf(error: Error, { user, password }: Credentials, sent: readonly string[]): Error {
  const secrets = password === undefined ? sent : [...sent, password];
  const message = withoutSecrets(error.message, secrets);
  if (error instanceof LoginError) return new LoginError(user === '' ? message : `user ${user}: ${message}`);
  if (message === error.message) return error;
  return error instanceof ProtocolError ? new ProtocolError(message) : new UnavailableError(message);
}
