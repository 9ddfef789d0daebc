// Reads a host's files for doctor. A file that is not there is not judged; one that is there and cannot be read is reported.
import { closeSync, lstatSync, openSync, readFileSync, readSync, statSync, type Stats } from 'node:fs';
import { codeOf, messageOf } from '../errors.js';
import type { Unseen } from './finding.js';

export class Files {
  readonly #unseen: Unseen[];

  constructor(unseen: Unseen[]) {
    this.#unseen = unseen;
  }

  read(path: string): string | undefined {
    return this.#attempt(path, () => readFileSync(path, 'utf8'));
  }

  /** @param most how many bytes are read, from its beginning */
  readBytes(path: string, most: number): Buffer | undefined {
    return this.#attempt(path, () => {
      const fd = openSync(path, 'r');
      try {
        const bytes = Buffer.alloc(Math.min(most, statSync(path).size));
        return bytes.subarray(0, readSync(fd, bytes));
      } finally {
        closeSync(fd);
      }
    });
  }

  /** @param named where the administrator says that it is: then it is reported if it is not there */
  first(named: string | undefined, usual: readonly string[]): { path: string; text: string } | undefined {
    for (const path of named === undefined ? usual : [named]) {
      const text = this.read(path);
      if (text !== undefined) return { path, text };
    }
    if (named !== undefined) this.#unseen.push({ what: named, why: 'it cannot be read' });
    return undefined;
  }

  /** @returns undefined where it is not there, or may not be seen */
  lstat(path: string): Stats | undefined {
    return this.#attempt(path, () => lstatSync(path));
  }

  #attempt<Content>(path: string, read: () => Content): Content | undefined {
    try {
      return read();
    } catch (error) {
      const missing = codeOf(error) === 'ENOENT';
      if (!missing) this.#unseen.push({ what: path, why: messageOf(error) });
      return undefined;
    }
  }
}
