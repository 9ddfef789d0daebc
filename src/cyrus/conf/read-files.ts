// Reads imapd.conf(5) and cyrus.conf(5) from the disk: regular files only, each with its identity before and after.
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';
import { ConfigError, messageOf } from '../../errors.js';
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

/**
 * @param service as cyrus.conf names it, such as `lmtpunix`: options with its name before them then count
 * @throws ConfigError where a file cannot be read, is none, is too long, or changes while it is read; it names the file,
 *   and the line that includes it
 */
export function readImapdConf(path: string, service?: string): ImapdConf {
  const files: ConfFile[] = [];
  const read = (file: string, from: Where | undefined): string => {
    const { text, identity } = readConf(file, from);
    files.push(identity);
    return text;
  };
  return imapdConfOf(path, readSettings(path, read), service, files);
}

/** @throws ConfigError as readImapdConf() */
export function readCyrusConf(path: string): CyrusConf {
  return parseCyrusConf(path, readConf(path, undefined).text);
}

/** Whether any of these is another file now, was written to, or is gone. */
export function haveChanged(files: readonly ConfFile[]): boolean {
  return files.some((file) => {
    try {
      const stats = statSync(file.path, { bigint: true, throwIfNoEntry: false });
      return stats === undefined || !isSame(file, stats);
    } catch {
      return true;
    }
  });
}

function readConf(path: string, from: Where | undefined): { text: string; identity: ConfFile } {
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
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) throw new ConfigError(`${named}: must be a regular file`);
    if (before.size > CONF_MAX_BYTES) {
      throw new ConfigError(`${named}: has ${before.size} bytes: must have at most ${CONF_MAX_BYTES}`);
    }
    const text = readAll(fd, Number(before.size));
    const { dev, ino, size, mtimeNs, ctimeNs } = before;
    const identity = { path, dev, ino, size, mtimeNs, ctimeNs };
    if (!isSame(identity, fstatSync(fd, { bigint: true })) || text.length !== Number(size)) {
      throw new ConfigError(`${named}: is being written to`);
    }
    return { text, identity: Object.freeze(identity) };
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

function isSame(file: ConfFile, stats: BigIntStats): boolean {
  return (
    file.dev === stats.dev &&
    file.ino === stats.ino &&
    file.size === stats.size &&
    file.mtimeNs === stats.mtimeNs &&
    file.ctimeNs === stats.ctimeNs
  );
}
