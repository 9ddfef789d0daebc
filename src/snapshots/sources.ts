// Makes sources of snapshots from the imap back-channels of the configuration. It is done here, so that neither the schedule of
// snapshots nor the protocol of Cyrus needs to know the configuration.
import { isDeepStrictEqual } from 'node:util';
import type { Backchannels } from '../backchannels/build.js';
import type { Config } from '../config/config.js';
import { SnapshotReader } from './reader.js';
import { scopeGiven, snapshotScope } from './scope.js';
import type { SnapshotSource } from './snapshots.js';

/** imapd ends an idle session after 30 minutes at the earliest: option timeout of imapd.conf. */
const IDLE_MAX_MS = 29 * 60_000;

export type ConfiguredSource = SnapshotSource & {
  /** All that it was built from, to tell whether it has changed. */
  readonly basis: readonly unknown[];
};

/** @param former the sources of the former configuration: those that have not changed are kept, with their logins */
export function snapshotSources(
  config: Config,
  { cyrus }: Backchannels,
  now: () => number,
  former: readonly ConfiguredSource[] = [],
): readonly ConfiguredSource[] {
  return cyrus.flatMap(({ basis: { backchannel }, probe, lister: open }) => {
    if (open === undefined || backchannel.type !== 'imap') return [];
    const given = scopeGiven(probe.name, config);
    const scope = snapshotScope(given);
    if (scope === undefined) return [];
    const { canaries, loginBackoffMs, listTimeoutMs } = backchannel;
    const keep = config.cache.snapshotIntervalMs <= IDLE_MAX_MS;
    const basis = [open, given, keep];
    const kept = former.find((source) => isDeepStrictEqual(source.basis, basis));
    if (kept !== undefined) return [kept];
    const reader = new SnapshotReader({ open, ...scope, keep, listTimeoutMs, loginBackoffMs, now });
    return [
      {
        name: probe.name,
        canaries: canaries.map(({ mailbox }) => mailbox),
        listsFor: given.lists,
        covers: scope.covers,
        read: (take: (mailbox: string) => void) => reader.read(take),
        close: () => reader.close(),
        basis,
      },
    ];
  });
}

/** Whether snapshots list the mailboxes of all domains. */
export function listsEverything({ backchannels, domains }: Config): boolean {
  const types = new Map(backchannels.map(({ name, type }) => [name, type]));
  const listed = new Set(
    backchannels.flatMap(({ name, type, second }) =>
      type === 'imap' || types.get(second ?? '') === 'imap' ? [name] : [],
    ),
  );
  return domains.every(({ backchannels: servers }) => servers.every((server) => listed.has(server)));
}
