// Looks at a file without reading it. On Linux it uses fstat(2) on an O_PATH descriptor, which needs no right to read the file, and
// takes half the time of stat(2), about 1 µs (see open(2), stat(2)). Does I/O.
import { fstatSync, openSync, statSync, type Stats } from 'node:fs';
import { codeOf } from '../../errors.js';
import { closeSoon } from './close-soon.js';
import { sameIdentity, type Identity } from './identity.js';

/** Why the file cannot be seen; `unreadable` where we may not search its folder, or stat(2) failed for another reason. */
export type Unseen = 'missing' | 'unreadable';

export type FileSight = {
  /** The identity of the file that has the name now. It is synchronous, since it is needed between a request and its reply. */
  look(): Identity | Unseen;
  /** To be called once a second: if a whole folder was replaced, an open descriptor would not show it. */
  verify(): void;
  close(): void;
};

/** O_PATH of Linux' asm-generic/fcntl.h, for which Node has no name. */
const O_PATH = 0o10000000;

/** How often we try to open the file, since it may be replaced again while it is being opened. */
const OPENINGS_MAX = 8;

export function sightOf(path: string, platform: NodeJS.Platform = process.platform): FileSight {
  return platform === 'linux' ? new DescriptorSight(path) : new NameSight(path);
}

/** Looks at the file by its name, each time. */
export class NameSight implements FileSight {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  look(): Identity | Unseen {
    try {
      return statSync(this.#path);
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? 'missing' : 'unreadable';
    }
  }

  verify(): void {
    // Nothing to do: each look uses the name already.
  }

  close(): void {
    // Nothing is kept open.
  }
}

/**
 * Looks at the file by a descriptor. This still shows the old file after a new one was renamed over it; but then the old file has
 * one link less, and another ctime. So whenever anything differs, the name is opened again.
 */
export class DescriptorSight implements FileSight {
  readonly #path: string;
  readonly #byName: NameSight;
  #fd: number | undefined;
  #last: Identity | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#byName = new NameSight(path);
  }

  look(): Identity | Unseen {
    const seen = this.#fd === undefined ? undefined : identityOf(this.#fd);
    if (seen !== undefined && this.#last !== undefined && sameIdentity(seen, this.#last)) return seen;
    return this.#lookAnew();
  }

  verify(): void {
    if (this.#last === undefined) return;
    const seen = this.#byName.look();
    if (typeof seen === 'string' || !sameIdentity(seen, this.#last)) this.close();
  }

  close(): void {
    if (this.#fd !== undefined) closeSoon(this.#fd);
    this.#fd = undefined;
    this.#last = undefined;
  }

  #lookAnew(): Identity | Unseen {
    for (let opening = 0; opening < OPENINGS_MAX; opening++) {
      this.close();
      try {
        this.#fd = openSync(this.#path, O_PATH);
      } catch {
        // A look by the name also says why. Where only O_PATH is refused, as in a sandbox, it is just as good.
        return this.#byName.look();
      }
      const seen = identityOf(this.#fd);
      if (seen === undefined) break;
      // The file was replaced between the two calls: it has no name any more, so it is not the one that we want.
      if (seen.nlink === 0) continue;
      this.#last = seen;
      return seen;
    }
    this.close();
    return this.#byName.look();
  }
}

/** @returns undefined where fstat(2) fails, as for a file of a network that is gone (ESTALE) or of a broken disk (EIO) */
function identityOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}
