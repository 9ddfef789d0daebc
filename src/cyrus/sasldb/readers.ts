// How many reader slots of sasldb are taken: imapd leaks them, and with none left SMTP AUTH fails. Looks at the lock file, and
// opens no database: that would take a slot. Reads one small file.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { parseLmdbLock } from './lmdb.js';

/** Where it is if nothing says otherwise: FreeBSD's port, Debian's package. */
export const SASLDB_PLACES: readonly string[] = ['/usr/local/etc/sasldb2', '/etc/sasldb2'];

/** 16 000 readers; the default is 126. */
const LOCK_MAX_BYTES = 1_048_576;

export type SasldbReaders = { readonly used: number; readonly max: number };

/** @returns undefined where there is none, it is of another kind, or we may not read it */
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
