// How Valkey lets us in, from the configuration: what it names is read at the start, so that a bad file is refused there. Reads
// these files only.
import { readFile } from 'node:fs/promises';
import { readPasswordFile } from '../backchannels/password-file.js';
import { readSecretFile } from '../backchannels/secret-file.js';
import type { FleetConfig } from '../config/config.js';
import { ConfigError, messageOf } from '../errors.js';
import type { ValkeyAccess } from './valkey.js';

/** Room for a chain. */
const KEY_MAX_BYTES = 65_536;

/** @throws ConfigError where a file cannot be read, or is open to others and should not be */
export async function readValkeyAccess(config: FleetConfig): Promise<ValkeyAccess> {
  const { url, user, passwordFile, caFile, serverName, clientCert, clientKey } = config;
  return {
    host: url.host,
    port: url.port,
    user,
    password:
      passwordFile === undefined ? undefined : await readPasswordFile(passwordFile, 'fleet.password_file'),
    tls: url.tls
      ? {
          serverName: serverName ?? url.host,
          ca: await read(caFile, 'fleet.ca_file'),
          cert: await read(clientCert, 'fleet.client_cert'),
          key:
            clientKey === undefined
              ? undefined
              : await readSecretFile(clientKey, 'fleet.client_key', KEY_MAX_BYTES, 'a private key'),
        }
      : undefined,
  };
}

async function read(path: string | undefined, name: string): Promise<Buffer | undefined> {
  try {
    return path === undefined ? undefined : await readFile(path);
  } catch (cause) {
    throw new ConfigError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
