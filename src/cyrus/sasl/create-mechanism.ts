// A mechanism by its name: the one place that knows them all. No I/O.
import { ConfigError } from '../../errors.js';
import type { MechanismName } from '../../config/mechanism-names.js';
import { CramMd5 } from './cram-md5.js';
import type { Credentials, Mechanism } from './mechanism.js';
import { External, Plain } from './one-message.js';
import { Scram } from './scram.js';

/** @throws ConfigError where the credentials cannot stand in the mechanism's messages */
export function createMechanism(name: MechanismName, credentials: Credentials): Mechanism {
  if (Object.values(credentials).some((text) => text?.includes('\0'))) {
    throw new ConfigError('user, password and authorization identity must not hold a NUL');
  }
  switch (name) {
    case 'SCRAM-SHA-256':
      return new Scram('sha256', credentials);
    case 'SCRAM-SHA-1':
      return new Scram('sha1', credentials);
    case 'CRAM-MD5':
      return new CramMd5(credentials);
    case 'PLAIN':
      return new Plain(credentials);
    case 'EXTERNAL':
      return new External(credentials);
  }
}
