// Whoever can write to the folder of the events' socket can replace it, and keep Cyrus' events from us: so it must be
// writable by its owner alone. Looks at the folder.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { UnixEndpoint } from '../../config/config.js';
import { ConfigError, messageOf } from '../../errors.js';
import { formatEndpoint } from '../../net/endpoint.js';

/** Writable for the group or for others. */
const WRITABLE_BY_OTHERS = 0o022;

/** @throws ConfigError where it is not, or is not there */
export function requirePrivateFolder(listen: UnixEndpoint): void {
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
