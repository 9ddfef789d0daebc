// A file that holds a secret: closed to others, and of bounded size, which also keeps a wrong path, say of a device, from
// being read without end. What it holds is never in an error or a log line. Reads the file it is given, nothing else.
import { open } from 'node:fs/promises';
import { ConfigError, messageOf } from '../errors.js';

/** Group may read it, so that root can own it and the daemon's group can use it. */
const OTHERS = 0o007;

/**
 * @param name the configuration key, for errors
 * @param holds what it should hold, in words
 * @throws ConfigError where the file cannot be read, is open to others than owner and group, or is too long
 */
export async function readSecretFile(
  path: string,
  name: string,
  maxBytes: number,
  holds: string,
): Promise<Buffer> {
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
    const buffer = Buffer.alloc(maxBytes + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > maxBytes)
      throw new ConfigError(`${name} is ${path} of over ${maxBytes} bytes: must hold ${holds}`);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  } finally {
    await file.close();
  }
}
