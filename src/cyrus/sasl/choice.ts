// Which SASL mechanism is used (RFC 4422 section 3.2): the first one allowed that the server offers and the connection
// permits. No I/O.
import { LoginError } from '../../errors.js';
import { isBinding, MECHANISMS, type MechanismName } from '../../config/mechanism-names.js';
import type { ChannelBinding } from '../wire/channel-binding.js';
import type { Credentials } from './mechanism.js';
import type { Binding } from './scram.js';

/** What a connection and the configuration allow. */
export type MechanismPolicy = {
  /** In the order of preference. */
  readonly allowed: readonly MechanismName[];
  /** TLS, or nothing but this machine in between: a password may be sent as it is. */
  readonly confidential: boolean;
  /** PLAIN and CRAM-MD5 even where the connection is not confidential. */
  readonly plainAnywhere: boolean;
  /** Of the connection; undefined where it has none. */
  readonly binding: ChannelBinding | undefined;
};

/** The default preference: EXTERNAL is for who has no password, but a client certificate. */
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
 * What the server is told of channel binding along with a mechanism. That it offered none is told only where it would have been used:
 * it denies that where somebody took its offer away.
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
