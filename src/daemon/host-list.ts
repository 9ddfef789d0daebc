// Chooses who reads the mailbox list of the Cyrus on this machine for the clock: the directory, where it is wanted and possible,
// else a reader that only tells which names have changed. Opens what it reads.
import type { CyrusHost } from '../config/config.js';
import type { ChangeReader, Clock } from '../cyrus/mailbox-list/clock.js';
import type { Directory } from '../cyrus/mailbox-list/directory.js';
import type { Log } from '../log/log.js';
import { directoryOff } from '../log/verbs/directory.js';
import { deferred } from '../validation/verdict.js';
import type { Validator } from '../validation/validator.js';

export type HostListParts = {
  readonly validator: Validator;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The clock that will be opened with this reader; asked for only once it is there. */
  readonly clock: () => Clock | undefined;
};

export type HostList = {
  /** Undefined where the list cannot be read: then each change outdates everything. */
  readonly names: ChangeReader | undefined;
  /** The directory, where the list is held in memory. */
  readonly directory: Directory | undefined;
  /** Loads the list and follows its changes; to be called when the clock is open. */
  readonly start: () => void;
  readonly close: () => void;
};

const NOTHING: HostList = Object.freeze({
  names: undefined,
  directory: undefined,
  start: () => undefined,
  close: () => undefined,
});

/** @param wanted whether the list is to be held, and to answer */
export async function openHostList(
  { list, differences, beyondList, catchAll }: CyrusHost,
  wanted: boolean,
  parts: HostListParts,
): Promise<HostList> {
  // The list helps only while its names are those that we remember, which needs an imapd.conf that says what we do. And with
  // lmtp_catchall_mailbox a change of that one mailbox changes the answer for every name that has none.
  if (list === undefined || differences.length > 0 || catchAll) {
    if (wanted) directoryOff(parts.log, { reason: differences[0] ?? beyondList[0] ?? 'there is no list' });
    return NOTHING;
  }
  const [{ ChangedNames }, { listFiles }] = await Promise.all([
    import('../cyrus/mailbox-list/changed-names.js'),
    import('../cyrus/mailbox-list/list-reader.js'),
  ]);
  const rules = () => parts.validator.addressRules;
  const names = new ChangedNames(listFiles(list.path), rules);
  const [reason] = beyondList;
  if (wanted && reason !== undefined) directoryOff(parts.log, { reason });
  if (!wanted || reason !== undefined) return { ...NOTHING, names };
  const { BEAT_MS, Directory } = await import('../cyrus/mailbox-list/directory.js');
  const { AGE } = await import('../validation/age-proof.js');
  const { validator, now, log, clock } = parts;
  const directory = new Directory({
    files: listFiles(list.path),
    names,
    rules,
    proof: () => clock() ?? AGE,
    ask: async (recipient, deadline) => {
      const probe = validator.route(recipient.domain);
      return typeof probe === 'object' ? probe.check(recipient, deadline) : deferred(probe);
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    now,
    log,
  });
  let timer: NodeJS.Timeout | undefined;
  return {
    names: directory,
    directory,
    start: () => {
      void directory.beat();
      timer = setInterval(() => void directory.beat(), BEAT_MS).unref();
    },
    close: () => clearInterval(timer),
  };
}
