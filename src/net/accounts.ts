// Users and groups by name, from passwd(5) and group(5): the runtime has no getpwnam(). Reads two files, once at start.
import { readFileSync } from 'node:fs';
import { ConfigError, messageOf } from '../errors.js';

/**
 * @param user a name, or a number that needs no entry
 * @param section of the configuration whose key it is, for the error
 * @throws ConfigError where there is no such user
 */
export function userId(user: string, section = 'socketmap', file = '/etc/passwd'): number {
  return idOf(`${section}.socket_owner`, 'user', user, file);
}

/** @throws ConfigError where there is no such group */
export function groupId(group: string, section = 'socketmap', file = '/etc/group'): number {
  return idOf(`${section}.socket_group`, 'group', group, file);
}

/** The name is the first field of a line and the id the third, in both files. */
function idOf(key: string, kind: string, name: string, file: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of linesOf(key, name, file)) {
    const [entry, , id] = line.split(':');
    if (entry === name && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  throw new ConfigError(`${key} is ${JSON.stringify(name)}: no such ${kind} in ${file}`);
}

function linesOf(key: string, name: string, file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    throw new ConfigError(`${key} is ${JSON.stringify(name)}: ${messageOf(error)}`, { cause: error });
  }
}
