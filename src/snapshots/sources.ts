// The imap back-channels as sources of snapshots, as the configuration has them. Joined here so that neither the
// schedule of snapshots nor Cyrus' protocol knows of the configuration.
import { isDeepStrictEqual } from 'node:util';
import type { Backchannels } from '../backchannels/build.js';
import type { Config } from '../config/config.js';
import { SnapshotReader } from './reader.js';
import { scopeGiven, snapshotScope } from './scope.js';
import type { SnapshotSource } from './snapshots.js';

/** imapd ends an idle session after 30 minutes or later: option timeout of imapd.conf. */
const IDLE_MAX_MS = 29 * 60_000;

export type ConfiguredSource = SnapshotSource & {
  /** What it was built from. */
  readonly basis: readonly unknown[];
};

/** @param former of the configuration before: what has not changed is kept, with its login */
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

/** Whether snapshots tell of every mailbox that is asked about. */
export function listsEverything({ backchannels, domains }: Config): boolean {
  const types = new Map(backchannels.map(({ name, type }) => [name, type]));
  const listed = new Set(
    backchannels.flatMap(({ name, type, second }) =>
      type === 'imap' || types.get(second ?? '') === 'imap' ? [name] : [],
    ),
  );
  return domains.every(({ backchannels: servers }) => servers.every((server) => listed.has(server)));
}
