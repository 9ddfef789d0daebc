// mailboxes.db as real Cyrus wrote it, of four versions: 1, after some CREATE, SETACL, RENAME and DELETE; 2, after cyr_expire,
// LOCALDELETE and one more CREATE; 3, after a repack of that. What is in them is what ctl_mboxlist -d said.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const VERSIONS = ['3.2.6', '3.6.1', '3.10.2', '3.12.4'] as const;
export type Version = (typeof VERSIONS)[number];

export function fixtureList(version: Version, which: 1 | 2 | 3): Buffer {
  return readFileSync(join(import.meta.dirname, `../fixtures/mailbox-list/${version}-${which}.db`));
}

const ALWAYS = [
  'MixedCase@example.jp',
  'alice@example.jp',
  'bob@example.jp',
  'first.last@example.jp',
  'home',
  'new@example.jp',
  'zoe@example.net',
];

/** Users' mailboxes that can take mail; the same in all versions. */
export const INBOXES = {
  1: [...ALWAYS, 'dup@example.jp'].sort(),
  2: [...ALWAYS, 'yan@example.jp'].sort(),
  3: [...ALWAYS, 'yan@example.jp'].sort(),
} as const;

/** Tombstones of deleted and renamed ones. */
export const TOMBSTONES = {
  1: ['gone@example.jp', 'old@example.jp'],
  2: ['dup@example.jp', 'gone@example.jp', 'old@example.jp'],
  3: ['dup@example.jp', 'gone@example.jp', 'old@example.jp'],
} as const;
