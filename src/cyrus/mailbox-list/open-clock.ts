// Opens the clock of the mailbox list on this machine: its sights, its file system and the reader of its tail. Does I/O.
import { statfsSync } from 'node:fs';
import type { Log } from '../../log/verb.js';
import { Clock, type ChangeReader } from './clock.js';
import { sightOf } from './list-file.js';

export type ClockFiles = {
  /** mailboxes.db: `mboxlist_db_path` of imapd.conf, or in its `configdirectory`. */
  readonly list: string;
  /** `mboxlist_db` of imapd.conf; KIND_DEFAULT where it is not set. */
  readonly kind: string;
  /** Whether `mupdate_server` is set there. */
  readonly mupdate: boolean;
  /** What is looked at once a second besides: imapd.conf, and user_deny.db. */
  readonly companions: readonly string[];
};

export type ClockSurroundings = {
  /** Who reads which mailboxes changed; undefined where each change is to outdate everything. */
  readonly names: ChangeReader | undefined;
  readonly forget: (mailbox: string) => void;
  /** Monotonic milliseconds, as the questions to Cyrus are stamped with. */
  readonly now: () => number;
  readonly log: Log;
};

export function openClock(files: ClockFiles, surroundings: ClockSurroundings): Clock {
  const { platform } = process;
  const { list, kind, mupdate, companions } = files;
  return new Clock({
    ...surroundings,
    path: list,
    sight: sightOf(list, platform),
    kind,
    fileSystem: () => fileSystemOf(list),
    platform,
    mupdate,
    companions: new Map(companions.map((path) => [path, sightOf(path, platform)])),
    wall: Date.now,
    // It runs at the end of what libuv has called, and libuv is what reads.
    beforeReading: (then) => process.nextTick(then),
  });
}

function fileSystemOf(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}
