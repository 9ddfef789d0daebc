// Opens mailboxes.db to read it, without a lock and without ever writing. Does I/O, all of it synchronous but `readSoon`,
// which is for whole lists: what a commit added is some hundred bytes of the page cache.
import { closeSync, fstatSync, openSync, read, readSync, statSync } from 'node:fs';

export type FileId = { readonly dev: number; readonly ino: number };

export type OpenList = FileId & {
  /** @returns how many bytes there were, at most `length` */
  read(into: Buffer, length: number, position: number): number;
  readSoon(into: Buffer, length: number, position: number): Promise<number>;
  close(): void;
};

export type ListFiles = {
  /** Which file has the name now. @throws where that cannot be told */
  identify(): FileId;
  /** @throws where it is missing, or may not be read */
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
    close: () => closeSync(fd),
  };
}
