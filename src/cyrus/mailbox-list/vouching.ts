// For which mailbox lists the file's identity shows each change. That depends on the kind of database (`mboxlist_db` of
// imapd.conf(5)) and on the file system (f_type of statfs(2)). Each entry was measured, or read in the source of the file
// system. No I/O.

/**
 * What the identity of a list shows. `all`: every mailbox that comes or goes. `changes`: it may only be used to outdate what is
 * remembered. `nothing`: it is of no use.
 */
export type Vouching = 'all' | 'changes' | 'nothing';

/** Kinds of `mboxlist_db`. Others, such as sql, write no file; twom writes through a shared mapping, which stat(2) cannot see. */
const KINDS: ReadonlyMap<string, Vouching> = new Map([
  ['twoskip', 'all'],
  ['skiplist', 'all'],
  // Each commit makes a new file. But when two processes write at once, flat itself loses mailboxes.
  ['flat', 'changes'],
]);

export function kindVouches(kind: string): Vouching {
  return KINDS.get(kind) ?? 'nothing';
}

/** The numbers of linux/magic.h. Other file systems may show old attributes for a while: NFS, CIFS, FUSE, 9p, Ceph … */
const LINUX: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlayfs'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
]);

/** On FreeBSD the number is the low byte of a hash of the file system's name: vfs_init.c. */
const FREEBSD: ReadonlyMap<number, string> = new Map([
  [53, 'ufs'],
  [222, 'zfs'],
  [135, 'tmpfs'],
]);

/** @returns the name of a file system whose identities can be trusted; undefined for any other */
export function vouchingFileSystem(type: number, platform: NodeJS.Platform): string | undefined {
  if (platform === 'linux') return LINUX.get(type);
  return platform === 'freebsd' ? FREEBSD.get(type) : undefined;
}
