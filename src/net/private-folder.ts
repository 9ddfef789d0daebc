// Whoever can write to the folder of a UNIX socket can put another file in its place: one of his own, to answer or to listen
// instead of us, or one whose owner we would change. So it must be writable by its owner alone. Looks at the folder.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, messageOf } from '../errors.js';

/** Writable for the group or for others. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * @param what key and value of the configuration, for the error
 * @param path of the socket
 * @throws ConfigError where others can write there, or it is not there
 */
export function requirePrivateFolder(what: string, path: string): void {
  const folder = dirname(path);
  let mode: number;
  try {
    mode = statSync(folder).mode;
  } catch (error) {
    throw new ConfigError(`${what}: ${messageOf(error)}`, { cause: error });
  }
  if ((mode & WRITABLE_BY_OTHERS) === 0) return;
  const shown = (mode & 0o7777).toString(8).padStart(4, '0');
  throw new ConfigError(`${what}: the folder must be writable by its owner alone, its mode is ${shown}`);
}
