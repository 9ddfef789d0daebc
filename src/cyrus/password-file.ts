// A password from a file: its first line. Never from the command line, where anybody can read it, and never in
// an error or a log line. Reads the file it is given, nothing else.
import { open } from 'node:fs/promises';
import { ConfigError, messageOf } from '../errors.js';

/** Also what keeps a wrong path, say of a device, from being read without end. */
export const PASSWORD_FILE_MAX_BYTES = 4096;

/** Group may read it, so that root can own it and the daemon's group can use it. */
const OTHERS = 0o007;

/**
 * @param name the configuration key, for errors
 * @throws ConfigError where the file cannot be read, is open to others than owner and group, or holds no password
 */
export async function readPasswordFile(path: string, name: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new ConfigError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  });
  try {
    const { mode } = await file.stat();
    if ((mode & OTHERS) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new ConfigError(
        `${name} is ${path} with mode ${octal}: must be closed to others, as 0600 or 0640`,
      );
    }
    const buffer = Buffer.alloc(PASSWORD_FILE_MAX_BYTES + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return firstLine(buffer.subarray(0, bytesRead), path, name);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  } finally {
    await file.close();
  }
}

function firstLine(bytes: Buffer, path: string, name: string): string {
  if (bytes.length > PASSWORD_FILE_MAX_BYTES) {
    throw new ConfigError(
      `${name} is ${path} of over ${PASSWORD_FILE_MAX_BYTES} bytes: must hold one password`,
    );
  }
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
