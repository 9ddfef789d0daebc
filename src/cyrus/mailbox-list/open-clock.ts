// Opens the clock of the mailbox list on this machine, with all that it needs to look at the files. Does I/O.
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
  /** Other files that are looked at once a second: imapd.conf and user_deny.db. */
  readonly companions: readonly string[];
};

export type ClockSurroundings = {
  /** The reader that tells which mailboxes changed; undefined where each change outdates everything. */
  readonly names: ChangeReader | undefined;
  readonly forget: (mailbox: string) => void;
  /** Monotonic milliseconds, by the same clock as the times of questions to Cyrus. */
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
    // nextTick runs when the present callback of libuv has ended, so before libuv can read any more bytes.
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
