// A login: the mechanism is chosen among those that are allowed and offered, and its messages are exchanged. What goes wrong
// is told with the user's name. No I/O of its own.
import { LoginError } from '../../errors.js';
import type { MechanismName } from '../../config/mechanism-names.js';
import { chooseMechanism } from './choice.js';
import { createMechanism } from './create-mechanism.js';
import { exchange, type Carrier } from './exchange.js';
import type { Credentials } from './mechanism.js';

/** Who logs in, and by which mechanisms, in the order of preference. */
export type Login = {
  readonly credentials: Credentials;
  readonly mechanisms: readonly MechanismName[];
  /** PLAIN even where the connection is not confidential. */
  readonly plainAnywhere: boolean;
};

/**
 * Logs in by the first allowed mechanism that the server offers.
 * @param offered as the server wrote them
 * @param confidential TLS, or nothing but this machine in between
 * @throws LoginError where the server refused or offers none, ProtocolError where it broke the exchange
 */
export async function logIn(
  { credentials, mechanisms, plainAnywhere }: Login,
  offered: readonly string[],
  confidential: boolean,
  carrier: Carrier,
): Promise<void> {
  try {
    const name = chooseMechanism(offered, { allowed: mechanisms, confidential, plainAnywhere }, credentials);
    await exchange(createMechanism(name, credentials), carrier);
  } catch (error) {
    if (!(error instanceof LoginError) || credentials.user === '') throw error;
    throw new LoginError(`user ${credentials.user}: ${error.message}`, { cause: error });
  }
}
