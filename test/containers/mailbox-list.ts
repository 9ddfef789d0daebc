// Cyrus' list of mailboxes by its own tools, of any version: what is in it, and what is done to it besides IMAP.
import { LIST_FOLDER, type CyrusContainer } from './cyrus.js';

const PROGRAMS = '/usr/lib/cyrus/bin';

/** Users' mailboxes that ctl_mboxlist shows, as addresses without a default domain, sorted; without tombstones. */
export async function usersListed(cyrus: CyrusContainer): Promise<string[]> {
  const dump = await cyrus.exec([`${PROGRAMS}/ctl_mboxlist`, '-d'], 'cyrus');
  return dump.split('\n').flatMap(userOfLine).sort();
}

/** Takes out what was deleted: mailboxes that are only kept for a while, and tombstones as old. */
export async function expire(cyrus: CyrusContainer): Promise<void> {
  await cyrus.exec([`${PROGRAMS}/cyr_expire`, '-E', '1', '-X', '0', '-D', '0'], 'cyrus');
}

/** Writes the list anew, into a file that takes the name of the old one. */
export async function repack(cyrus: CyrusContainer): Promise<void> {
  await cyrus.exec([`${PROGRAMS}/cyr_dbtool`, `${LIST_FOLDER}/mailboxes.db`, 'twoskip', 'repack'], 'cyrus');
}

/** `example.jp!user.first^last\t0 default …` in 3.2, `"example.jp!user.first^last": {… "mbtype": "e" …},` later. */
function userOfLine(line: string): string[] {
  const [, laterName, type = ''] = /^"([^"]*)": \{.*"mbtype": "(\w*)"/.exec(line) ?? [];
  const [, earlierName, bits = '0'] = /^([^\t{}"]+)\t(\d+) /.exec(line) ?? [];
  if (type.includes('d') || bits !== '0') return [];
  const [, domain, user] = /^(?:(.*)!)?user\.([^.]+)$/.exec(laterName ?? earlierName ?? '') ?? [];
  if (user === undefined) return [];
  const local = user.replaceAll('^', '.');
  return [domain === undefined ? local : `${local}@${domain}`];
}
