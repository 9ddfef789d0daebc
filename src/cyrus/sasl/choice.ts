// Chooses the SASL mechanism (RFC 4422 section 3.2): the first allowed one that the server offers and the connection permits.
// No I/O.
import { LoginError } from '../../errors.js';
import { isBinding, MECHANISMS, type MechanismName } from '../../config/mechanism-names.js';
import type { ChannelBinding } from '../wire/channel-binding.js';
import type { Credentials } from './mechanism.js';
import type { Binding } from './scram.js';

/** What a connection and the configuration allow. */
export type MechanismPolicy = {
  /** In the order of preference. */
  readonly allowed: readonly MechanismName[];
  /** Whether the connection has TLS or stays on this machine, so that a password may be sent as it is. */
  readonly confidential: boolean;
  /** Whether PLAIN and CRAM-MD5 are allowed even where the connection is not confidential. */
  readonly plainAnywhere: boolean;
  /** The channel binding of the connection; undefined where it has none. */
  readonly binding: ChannelBinding | undefined;
};

/** The default order of preference. EXTERNAL is used only where there is no password, but a client certificate. */
export function defaultMechanisms(credentials: Credentials): readonly MechanismName[] {
  return credentials.password === undefined ? ['EXTERNAL'] : MECHANISMS.filter((name) => name !== 'EXTERNAL');
}

/**
 * The first allowed mechanism that the server offers and the connection permits.
 * @param offered as the server wrote them
 * @throws LoginError naming what was offered and what is allowed
 */
export function chooseMechanism(
  offered: readonly string[],
  policy: MechanismPolicy,
  credentials: Credentials,
): MechanismName {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const usable = policy.allowed.filter((name) => obstacle(name, policy, credentials) === undefined);
  const chosen = usable.find((name) => names.has(name));
  if (chosen !== undefined) return chosen;
  const obstacles = policy.allowed
    .filter((name) => names.has(name))
    .map((name) => `${name} ${obstacle(name, policy, credentials) ?? ''}`);
  throw new LoginError(
    `no login mechanism: the server offers ${[...names].join(' ') || 'none'}, allowed are ` +
      [policy.allowed.join(' ') || 'none', ...obstacles].join('; '),
  );
}

/**
 * What we tell the server about channel binding when we use a mechanism. Where we would have used one, we tell the server that it
 * offered none: if somebody removed its offer on the way, the server sees that this is wrong, and refuses the login.
 */
export function bindingFor(
  name: MechanismName,
  offered: readonly string[],
  { allowed, binding }: MechanismPolicy,
): Binding {
  if (binding === undefined) return 'none';
  if (isBinding(name)) return binding;
  return allowed.some(isBinding) && !offered.some(isBinding) ? 'unoffered' : 'none';
}

/** Why a mechanism that is allowed cannot be used here. */
function obstacle(
  name: MechanismName,
  policy: MechanismPolicy,
  credentials: Credentials,
): string | undefined {
  if (name !== 'EXTERNAL' && credentials.password === undefined) return 'needs a password';
  switch (name) {
    case 'PLAIN':
      return policy.confidential || policy.plainAnywhere
        ? undefined
        : 'needs TLS, loopback or a UNIX socket: it would send the password in clear';
    case 'CRAM-MD5':
      if (credentials.authorizationId !== undefined) return 'has no room for an authorization identity';
      return policy.confidential || policy.plainAnywhere
        ? undefined
        : 'needs TLS, loopback or a UNIX socket: whoever listens can try passwords, and anybody can offer it alone';
    case 'SCRAM-SHA-512-PLUS':
    case 'SCRAM-SHA-256-PLUS':
    case 'SCRAM-SHA-1-PLUS':
      return policy.binding === undefined ? 'needs TLS, and a channel_binding that it has' : undefined;
    case 'SCRAM-SHA-512':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-1':
    case 'EXTERNAL':
      return undefined;
  }
}
