// Makes a mechanism by its name. Only this file knows all mechanisms. No I/O.
import { ConfigError, LoginError } from '../../errors.js';
import type { MechanismName } from '../../config/mechanism-names.js';
import type { ChannelBinding } from '../wire/channel-binding.js';
import { CramMd5 } from './cram-md5.js';
import type { Credentials, Mechanism } from './mechanism.js';
import { External, Plain } from './one-message.js';
import { Scram, type Binding } from './scram.js';

/**
 * @param binding what SCRAM tells the server about channel binding
 * @throws ConfigError where the mechanism's messages cannot hold the credentials, LoginError where a -PLUS one has no binding
 */
export function createMechanism(
  name: MechanismName,
  credentials: Credentials,
  binding: Binding = 'none',
): Mechanism {
  if (Object.values(credentials).some((text) => text?.includes('\0'))) {
    throw new ConfigError('user, password and authorization identity must not hold a NUL');
  }
  switch (name) {
    case 'SCRAM-SHA-512-PLUS':
      return new Scram('sha512', credentials, bound(name, binding));
    case 'SCRAM-SHA-256-PLUS':
      return new Scram('sha256', credentials, bound(name, binding));
    case 'SCRAM-SHA-1-PLUS':
      return new Scram('sha1', credentials, bound(name, binding));
    case 'SCRAM-SHA-512':
      return new Scram('sha512', credentials, unbound(binding));
    case 'SCRAM-SHA-256':
      return new Scram('sha256', credentials, unbound(binding));
    case 'SCRAM-SHA-1':
      return new Scram('sha1', credentials, unbound(binding));
    case 'CRAM-MD5':
      return new CramMd5(credentials);
    case 'PLAIN':
      return new Plain(credentials);
    case 'EXTERNAL':
      return new External(credentials);
  }
}

function bound(name: MechanismName, binding: Binding): ChannelBinding {
  if (typeof binding === 'object') return binding;
  throw new LoginError(`${name} needs a channel binding, which the connection has not`);
}

function unbound(binding: Binding): Binding {
  return typeof binding === 'object' ? 'none' : binding;
}
