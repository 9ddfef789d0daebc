// Opens mailboxes.db to read it, without a lock, and never writes to it. Does I/O. Reading is synchronous, since a commit adds only
// some hundred bytes, which are in the page cache; for whole lists there is `readSoon`, which is not.
import { fstatSync, openSync, read, readSync, statSync } from 'node:fs';
import { closeSoon } from './close-soon.js';

export type FileId = { readonly dev: number; readonly ino: number };

export type OpenList = FileId & {
  /** @returns how many bytes were read, at most `length` */
  read(into: Buffer, length: number, position: number): number;
  readSoon(into: Buffer, length: number, position: number): Promise<number>;
  close(): void;
};

export type ListFiles = {
  /** Which file has the name now. @throws where stat(2) fails */
  identify(): FileId;
  /** @throws where the file is missing, or may not be read */
  open(): OpenList;
};

export function listFiles(path: string): ListFiles {
  return { identify: () => statSync(path), open: () => openList(path) };
}

function openList(path: string): OpenList {
  const fd = openSync(path, 'r');
  const { dev, ino } = fstatSync(fd);
  return {
    dev,
    ino,
    read: (into, length, position) => readSync(fd, into, 0, length, position),
    readSoon: (into, length, position) =>
      new Promise((resolve, reject) => {
        read(fd, into, 0, length, position, (error, bytes) =>
          error === null ? resolve(bytes) : reject(error),
        );
      }),
    close: () => closeSoon(fd),
  };
}
