// Looks at files once a second, and tells when one of them changed without a signal and then stood still: whoever writes
// line by line is not read between two lines. Asks stat(2) for them, and reads nothing.
import { stat } from 'node:fs/promises';
import { sameState, type FileStamp } from './stable-file.js';

/** Milliseconds between two looks. A changed file must have stood still for as long. */
export const LOOK_MS = 1_000;

type Watched = {
  /** How the file was when it was read; undefined where it was not there. */
  readonly known: FileStamp | undefined;
  /** How the file was at the last look. */
  readonly last: FileStamp | undefined;
};

export class FileWatch {
  readonly #changed: () => Promise<void> | void;
  readonly #files = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  /** @param changed called once for a change, however many files it touched; there is no further look until it is done */
  constructor(changed: () => Promise<void> | void) {
    this.#changed = changed;
  }

  /** @param files as they were when they were read, or before that */
  watch(files: ReadonlyMap<string, FileStamp | undefined>): void {
    this.close();
    for (const [path, known] of files) this.#files.set(path, { known, last: known });
    if (files.size > 0) this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#files.clear();
  }

  /** Looks at once, and counts it as a regular look. */
  async look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      if (await this.#standsChanged()) await this.#changed();
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Whether one of them is not what it was, and all of them are what they were at the last look: a certificate and its key
   * are replaced one after the other. One that is gone may be on its way to come back, and changes nothing.
   */
  async #standsChanged(): Promise<boolean> {
    let changed = false;
    let still = true;
    for (const [path, { known, last }] of [...this.#files]) {
      const seen = await stateOf(path);
      if (!this.#files.has(path)) return false;
      still &&= isSame(seen, last);
      changed ||= seen !== undefined && !isSame(seen, known);
      this.#files.set(path, { known, last: seen });
    }
    if (!changed || !still) return false;
    for (const [path, { last }] of this.#files) this.#files.set(path, { known: last, last });
    return true;
  }
}

/** How a file is now; undefined where it is not there, or not to be seen. */
export async function stateOf(path: string): Promise<FileStamp | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function isSame(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameState(a, b);
}
