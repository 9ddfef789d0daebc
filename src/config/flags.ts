// Puts the flags of the command line into what the file says, before anything is checked: each takes the place of its key. No I/O.
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import type { Path } from './key.js';
import { showPath, type Problem } from './problems.js';
import { isTable, type TableOfFile } from './read.js';

/** As commander hands them over. */
export type Flags = {
  readonly config?: string;
  /** The built-in list of a few mailboxes, and no file. */
  readonly demo?: boolean;
  readonly listen?: readonly string[];
  readonly list?: string;
  readonly lmtp?: string;
  readonly imap?: string;
  readonly imapUser?: string;
  readonly imapPasswordFile?: string;
  readonly canary?: string;
  readonly events?: string;
  readonly shadow?: string;
  readonly shadowOnly?: boolean;
  readonly logLevel?: string;
  /** No part of the configuration: to take the place of the daemon that runs. */
  readonly takeover?: boolean;
};

/** The name of the back-channel that --list, --lmtp or --imap makes. */
const FLAG_BACKCHANNEL = 'default';

/** Whether the back-channels of the file are replaced. */
export function namesBackchannel(flags: Flags): boolean {
  return flags.list !== undefined || flags.lmtp !== undefined || flags.imap !== undefined;
}

/** @throws UsageError where flags contradict each other or the file */
export function applyFlags(file: TableOfFile, flags: Flags): TableOfFile {
  let changed = withBackchannel(file, flags);
  if (flags.canary !== undefined) changed = withCanary(changed, flags.canary);
  if (flags.listen !== undefined) changed = withKey(changed, 'socketmap', { listen: flags.listen });
  if (flags.events !== undefined) changed = withKey(changed, 'events', { listen: flags.events });
  if (flags.shadow !== undefined) changed = withKey(changed, 'shadow', { endpoint: flags.shadow });
  if (flags.shadowOnly === true) changed = withKey(changed, 'shadow', { only: true });
  if (flags.logLevel !== undefined) changed = withKey(changed, 'log', { level: flags.logLevel });
  return changed;
}

/** @returns the problem in the words of the flag that it is about; undefined where it is about the file */
export function problemOfFlag({ path, sentence }: Problem, flags: Flags): string | undefined {
  const named: readonly (readonly [string, Path, unknown])[] = [
    ['--listen', ['socketmap', 'listen'], flags.listen],
    ['--events', ['events', 'listen'], flags.events],
    ['--shadow', ['shadow', 'endpoint'], flags.shadow],
    ['--shadow-only', ['shadow', 'only'], flags.shadowOnly],
    ['--log-level', ['log', 'level'], flags.logLevel],
    ['--lmtp', ['backchannel', FLAG_BACKCHANNEL, 'endpoint'], flags.lmtp],
    ['--imap', ['backchannel', FLAG_BACKCHANNEL, 'endpoint'], flags.imap],
    ['--imap-user', ['backchannel', FLAG_BACKCHANNEL, 'user'], flags.imapUser],
    ['--imap-password-file', ['backchannel', FLAG_BACKCHANNEL, 'password_file'], flags.imapPasswordFile],
    ['--list', ['backchannel', FLAG_BACKCHANNEL, 'file'], flags.list],
  ];
  const canary = flags.canary !== undefined && path[0] === 'backchannel' && path[2] === 'canary';
  const found = named.find(
    ([, place, value]) => value !== undefined && place.every((key, index) => path[index] === key),
  );
  const flag = canary ? '--canary' : found?.[0];
  const key = showPath(path);
  return flag !== undefined && sentence.startsWith(`${key} `)
    ? `${flag}${sentence.slice(key.length)}`
    : undefined;
}

function withBackchannel(file: TableOfFile, flags: Flags): TableOfFile {
  const made = backchannelOf(flags);
  if (made === undefined) return file;
  const { domains } = file;
  const routed = isTable(domains)
    ? Object.fromEntries(Object.keys(domains).map((domain) => [domain, FLAG_BACKCHANNEL]))
    : (domains ?? {});
  return { ...file, backchannel: { [FLAG_BACKCHANNEL]: made }, domains: routed };
}

function backchannelOf(flags: Flags): TableOfFile | undefined {
  const { list, lmtp, imap, imapUser, imapPasswordFile } = flags;
  if ([list, lmtp, imap].filter((flag) => flag !== undefined).length > 1)
    throw new UsageError('--list, --lmtp and --imap: only one is allowed');
  if (imap !== undefined) {
    if (imapUser === undefined || imapPasswordFile === undefined)
      throw new UsageError('--imap needs --imap-user and --imap-password-file');
    return { type: 'imap', endpoint: imap, user: imapUser, password_file: resolve(imapPasswordFile) };
  }
  if (imapUser !== undefined || imapPasswordFile !== undefined)
    throw new UsageError('--imap-user and --imap-password-file need --imap');
  if (list !== undefined) return { type: 'list', file: resolve(list) };
  return lmtp === undefined ? undefined : { type: 'lmtp', endpoint: lmtp };
}

function withCanary(file: TableOfFile, canary: string): TableOfFile {
  const [only, ...others] = isTable(file['backchannel']) ? Object.entries(file['backchannel']) : [];
  if (only === undefined || others.length > 0 || !isTable(only[1])) {
    throw new UsageError('--canary needs --lmtp, --imap, or a file with one back-channel');
  }
  const [name, backchannel] = only;
  if (backchannel['type'] === 'list')
    throw new UsageError('--canary is not allowed with a list: it needs none');
  if (backchannel['type'] === 'mupdate')
    throw new UsageError('--canary is not allowed with a mupdate master: its servers have them');
  return { ...file, backchannel: { [name]: { ...backchannel, canary } } };
}

/** A value that is no table stays as it is, and is reported later as no table. */
function withKey(file: TableOfFile, section: string, keys: TableOfFile): TableOfFile {
  const table = file[section] ?? {};
  return isTable(table) ? { ...file, [section]: { ...table, ...keys } } : file;
}
