// Reads imapd.conf(5) and cyrus.conf(5): regular files only, and only when nobody is writing to them. If we read half an imapd.conf
// in which virtdomains is still missing, we would take the mailboxes of one domain for those of another. I/O: these files.
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ConfigError, messageOf } from '../../errors.js';
import { FileError, isYoung, sameState, whenStill } from '../../net/stable-file.js';
import { parseCyrusConf, type CyrusConf } from './cyrus-conf.js';
import { imapdConfOf, type ConfFile, type ImapdConf } from './imapd-conf.js';
import { formatWhere, readSettings, type Where } from './settings.js';

/** FreeBSD's ports first, then Debian's packages. */
export const IMAPD_CONF_PLACES: readonly string[] = ['/usr/local/etc/imapd.conf', '/etc/imapd.conf'];
export const CYRUS_CONF_PLACES: readonly string[] = ['/usr/local/etc/cyrus.conf', '/etc/cyrus.conf'];

/** The limit for one file. The sample that comes with Cyrus has 3 kB. */
export const CONF_MAX_BYTES = 1024 * 1024;

/** @returns the first of these files that exists, even if it may not be read */
export function findConf(places: readonly string[]): string | undefined {
  return places.find((path) => {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch {
      // Its folder may not be searched: we take the file, so that reading it gives the error.
      return true;
    }
  });
}

/** How long we wait for a file to which somebody is writing, in milliseconds. */
const PATIENCE_MS = 2000;

/** A file to which nobody has written for so many milliseconds is taken for complete. */
const QUIET_MS = 200;

/**
 * @param service its name in cyrus.conf, such as `lmtpunix`: then options with this name before them count
 * @throws ConfigError where a file cannot be read, is no regular file, is too long, or is written to all the time; it names the
 *   file, and the line that includes it
 */
export function readImapdConf(path: string, service?: string): Promise<ImapdConf> {
  return ofStillFiles(path, (files) => {
    const read = (file: string, from: Where | undefined): string => readConf(file, from, files);
    return imapdConfOf(path, readSettings(path, read), service, files);
  });
}

/** @throws ConfigError as readImapdConf() */
export function readCyrusConf(path: string): Promise<CyrusConf> {
  return ofStillFiles(path, (files) => parseCyrusConf(path, readConf(path, undefined, files)));
}

/**
 * Reads files again until nobody wrote to any of them meanwhile, nor shortly before.
 * @param make reads the files, and adds each to `files` before. If somebody wrote to one, its result does not count, nor its error
 */
async function ofStillFiles<Made>(path: string, make: (files: ConfFile[]) => Made): Promise<Made> {
  try {
    const result = await whenStill(PATIENCE_MS, () => {
      const files: ConfFile[] = [];
      const made = attempt(() => make(files));
      const written = files.some((file) => isYoung(file, QUIET_MS)) || haveChanged(files);
      return Promise.resolve(written ? undefined : made);
    });
    if ('made' in result) return result.made;
    throw result.error;
  } catch (error) {
    if (error instanceof FileError) throw new ConfigError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function attempt<Made>(make: () => Made): { readonly made: Made } | { readonly error: unknown } {
  try {
    return { made: make() };
  } catch (error) {
    return { error };
  }
}

/** Whether any of these is another file now, was written to, or is gone. */
export function haveChanged(files: readonly ConfFile[]): boolean {
  return files.some((file) => {
    try {
      const stats = statSync(file.path, { bigint: true, throwIfNoEntry: false });
      return stats === undefined || !sameState(file, stats);
    } catch {
      return true;
    }
  });
}

function readConf(path: string, from: Where | undefined, files: ConfFile[]): string {
  const named = from === undefined ? path : `${formatWhere(from)} includes ${path}`;
  // Cyrus would look in the folder in which it was started, which we cannot know.
  if (!path.startsWith('/')) throw new ConfigError(`${named}: must be an absolute path`);
  let fd: number;
  try {
    // O_NONBLOCK, since the open of a FIFO would wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new ConfigError(`${named}: ${messageOf(error)}`, { cause: error });
  }
  try {
    const found = fstatSync(fd, { bigint: true });
    if (!found.isFile()) throw new ConfigError(`${named}: must be a regular file`);
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    if (size > CONF_MAX_BYTES) {
      throw new ConfigError(`${named}: has ${size} bytes: must have at most ${CONF_MAX_BYTES}`);
    }
    files.push(Object.freeze({ path, dev, ino, size, mtimeNs, ctimeNs }));
    return readAll(fd, Number(size));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${named}: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, size: number): string {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(fd, bytes, filled, size - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return bytes.toString('latin1', 0, filled);
}
