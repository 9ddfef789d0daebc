// Counts the reader slots of sasldb that are taken: imapd does not give them back, and when none is left SMTP AUTH fails. It reads
// the lock file, and does not open the database, which would take a slot itself. I/O: one small file.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { parseLmdbLock } from './lmdb.js';

/** Where sasldb is by default: in FreeBSD's port, and in Debian's package. */
export const SASLDB_PLACES: readonly string[] = ['/usr/local/etc/sasldb2', '/etc/sasldb2'];

/** Enough for 16 000 readers; the default is 126. */
const LOCK_MAX_BYTES = 1_048_576;

export type SasldbReaders = { readonly used: number; readonly max: number };

/** @returns undefined where there is no sasldb, it has another format, or we may not read it */
export function sasldbReaders(paths: readonly string[]): SasldbReaders | undefined {
  for (const path of paths) {
    const lock = readLock(`${path}-lock`);
    const readers = lock === undefined ? undefined : parseLmdbLock(lock);
    if (readers !== undefined) return { used: readers.holders.length, max: readers.max };
  }
  return undefined;
}

function readLock(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const buffer = Buffer.alloc(Math.min(fstatSync(file).size, LOCK_MAX_BYTES));
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
