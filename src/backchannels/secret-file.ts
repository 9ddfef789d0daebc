// Reads a file that holds a secret. It must be closed to others, and its size is limited, so that a wrong path, such as that of a
// device, is not read without end. The contents never stand in an error or in the log. I/O: this file only.
import { ConfigError, messageOf } from '../errors.js';
import { FileError, readStableFile, type FileState } from '../net/stable-file.js';

/** The rights that others must not have. The group may read it, so that root can own it and the daemon's group can use it. */
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
  const judge = ({ mode, size }: FileState): void => {
    if ((Number(mode) & OTHERS) !== 0) {
      const octal = (Number(mode) & 0o777).toString(8).padStart(4, '0');
      throw new ConfigError(
        `${name} is ${path} with mode ${octal}: must be closed to others, as 0600 or 0640`,
      );
    }
    if (size > maxBytes)
      throw new ConfigError(`${name} is ${path} of over ${maxBytes} bytes: must hold ${holds}`);
  };
  try {
    return (await readStableFile(path, { maxBytes }, judge)).bytes;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    if (cause instanceof FileError) throw new ConfigError(`${name} is ${path}: ${cause.message}`, { cause });
    throw new ConfigError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
