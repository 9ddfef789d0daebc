// How Valkey lets us in, from the configuration: what it names is read at the start, so that a bad file is refused there, and again
// where one has changed. Reads these files only.
import { readPasswordFile } from '../backchannels/password-file.js';
import { checkTlsFiles, readTlsFiles } from '../backchannels/tls-files.js';
import type { FleetConfig } from '../config/config.js';
import type { ValkeyAccess } from './connection.js';

/** @throws ConfigError where a file cannot be read, is open to others and should not be, or holds no certificate or key */
export async function readValkeyAccess(config: FleetConfig): Promise<ValkeyAccess> {
  const { url, user, passwordFile, serverName } = config;
  const password =
    passwordFile === undefined ? undefined : await readPasswordFile(passwordFile, 'fleet.password_file');
  const files = url.tls ? await readTlsFiles('fleet', config) : undefined;
  if (files !== undefined) checkTlsFiles('fleet', config, files);
  return {
    host: url.host,
    port: url.port,
    user,
    password,
    tls: files && { serverName: serverName ?? url.host, ...files },
  };
}
