import { describe, expect, test } from 'vitest';
import { kindVouches, vouchingFileSystem } from '../../../../src/cyrus/mailbox-list/vouching.js';

describe('the kind of database', () => {
  test.each([
    ['twoskip', 'all'],
    ['skiplist', 'all'],
    ['flat', 'changes'],
    ['sql', 'nothing'],
    ['twom', 'nothing'],
    ['zeroskip', 'nothing'],
    ['', 'nothing'],
  ])('%s vouches for %s', (kind, vouching) => {
    expect(kindVouches(kind)).toBe(vouching);
  });
});

describe('the file system', () => {
  test.each([
    ['ext4', 'linux', 0xef53, true],
    ['xfs', 'linux', 0x58465342, true],
    ['btrfs', 'linux', 0x9123683e, true],
    ['tmpfs', 'linux', 0x01021994, true],
    ['overlayfs', 'linux', 0x794c7630, true],
    ['zfs', 'linux', 0x2fc12fc1, true],
    ['NFS', 'linux', 0x6969, false],
    ['FUSE', 'linux', 0x65735546, false],
    ['9p', 'linux', 0x01021997, false],
    ['CIFS', 'linux', 0xff534d42, false],
    ['ufs', 'freebsd', 53, true],
    ['zfs', 'freebsd', 222, true],
    ['nullfs', 'freebsd', 41, false],
    ['NFS', 'freebsd', 58, false],
    ['any', 'darwin', 0xef53, false],
  ] as const)('%s on %s', (_, platform, type, vouches) => {
    expect(vouchingFileSystem(type, platform) !== undefined).toBe(vouches);
  });
});
