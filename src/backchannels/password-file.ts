// Reads a password from the first line of a file. It is never taken from the command line, where anybody could read it, and never
// written into an error or into the log. I/O: this file.
import { ConfigError } from '../errors.js';
import { readSecretFile } from './secret-file.js';

export const PASSWORD_FILE_MAX_BYTES = 4096;

/**
 * @param name the configuration key, for errors
 * @throws ConfigError where the file cannot be read, is open to others than owner and group, or holds no password
 */
export async function readPasswordFile(path: string, name: string): Promise<string> {
  const bytes = await readSecretFile(path, name, PASSWORD_FILE_MAX_BYTES, 'one password');
  const line = /^[^\r\n]*/.exec(utf8(bytes, path, name))?.[0] ?? '';
  if (line === '')
    throw new ConfigError(`${name} is ${path} with an empty first line: must hold the password`);
  return line;
}

function utf8(bytes: Buffer, path: string, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError(`${name} is ${path} with bytes that are no UTF-8`, { cause });
  }
}
