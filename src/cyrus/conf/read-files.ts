// Reads imapd.conf(5) and cyrus.conf(5) from the disk: regular files only, and only while they stand still. By half an
// imapd.conf, in which virtdomains is still to be written, one domain's mailboxes would be another's.
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ConfigError, messageOf } from '../../errors.js';
import { FileError, isYoung, sameState, whenStill } from '../../net/stable-file.js';
import { parseCyrusConf, type CyrusConf } from './cyrus-conf.js';
import { imapdConfOf, type ConfFile, type ImapdConf } from './imapd-conf.js';
import { formatWhere, readSettings, type Where } from './settings.js';

/** FreeBSD's ports first, then Debian's packages. */
export const IMAPD_CONF_PLACES: readonly string[] = ['/usr/local/etc/imapd.conf', '/etc/imapd.conf'];
export const CYRUS_CONF_PLACES: readonly string[] = ['/usr/local/etc/cyrus.conf', '/etc/cyrus.conf'];

/** Of one file. Cyrus' own sample has 3 kB. */
export const CONF_MAX_BYTES = 1024 * 1024;

/** @returns the first of these that is there, whether it may be read or not */
export function findConf(places: readonly string[]): string | undefined {
  return places.find((path) => {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch {
      // In a folder that may not be searched: reading it says so.
      return true;
    }
  });
}

/** For so long a file is waited for that somebody writes to. */
const PATIENCE_MS = 2000;

/** Whoever writes line by line pauses; a file that was not written to for so long is taken for whole. */
const QUIET_MS = 200;

/**
 * @param service as cyrus.conf names it, such as `lmtpunix`: options with its name before them then count
 * @throws ConfigError where a file cannot be read, is none, is too long, or is never still; it names the file, and the line
 *   that includes it
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
 * What was made of files that nobody wrote to from a while before the first was opened until the last was read.
 * @param make opens them, and names each to `files` before it is read. What it throws of a half file is not believed either
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
  // Cyrus takes it from the folder in which it was started, which no file tells.
  if (!path.startsWith('/')) throw new ConfigError(`${named}: must be an absolute path`);
  let fd: number;
  try {
    // A FIFO would keep us waiting for a writer.
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
