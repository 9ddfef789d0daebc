// Which mailbox lists can be told changed from unchanged by their identity: by the kind of database (`mboxlist_db` of
// imapd.conf(5)) and by the file system it lies on (statfs(2), statfs's f_type). Each entry was measured, or read in the
// file system's source. No I/O.

/**
 * What the identity of a list says: `all`, every change of existence shows in it; `changes`, it may only be used to
 * outdate what is remembered; `nothing`, looking is no use.
 */
export type Vouching = 'all' | 'changes' | 'nothing';

/** Kinds of `mboxlist_db`. Others, such as sql, write no file; twom writes through a shared mapping, unseen by stat. */
const KINDS: ReadonlyMap<string, Vouching> = new Map([
  ['twoskip', 'all'],
  ['skiplist', 'all'],
  // Each commit is a new file. But with two writers flat itself loses mailboxes.
  ['flat', 'changes'],
]);

export function kindVouches(kind: string): Vouching {
  return KINDS.get(kind) ?? 'nothing';
}

/** Numbers of Linux' linux/magic.h. Others may keep attributes of their own for a while: NFS, CIFS, FUSE, 9p, Ceph … */
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

/** FreeBSD's are the low byte of the hash of the file system's name: vfs_init.c. */
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
