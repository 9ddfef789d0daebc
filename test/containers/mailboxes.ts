// The mailboxes that tests ask for: one for each answer that Cyrus can give at RCPT.
import type { CyrusContainer } from './cyrus.js';
import type { ImapAdmin } from './imap-admin.js';

const INBOXES = [
  'alice@example.jp',
  'u001@example.jp',
  'u001@example.net',
  'full@example.jp',
  'zeromsg@example.jp',
  'room@example.jp',
  'noacl@example.jp',
  'first.last@example.jp',
  'MixedCase@example.jp',
];

/**
 * Makes them, for `unixhierarchysep: yes` and postuser `post`:
 *
 *   alice@ (folders: lists, anyone may post; closed, nobody may) · u001@ and u001@example.net · full@ (over its quota)
 *   zeromsg@ (no message allowed) · room@ (room left) · noacl@ (no right p) · first.last@ · MixedCase@
 *   shared/info (anyone lp), shared/closed (anyone l), shared/hidden (nobody): in example.jp and without a domain
 *
 * all of example.jp where nothing else is said.
 */
export async function createRigMailboxes(cyrus: CyrusContainer): Promise<void> {
  const admin = await cyrus.admin();
  await Promise.all([
    ...INBOXES.map((name) => admin.create(`user/${name}`)),
    admin.create('user/alice/lists@example.jp'),
    admin.setacl('user/alice/lists@example.jp', 'anyone', 'p'),
    admin.create('user/alice/closed@example.jp'),
    admin.setacl('user/noacl@example.jp', 'noacl@example.jp', 'lrswikxtecdan'),
    admin.setquota('user/alice@example.jp', { storage: 100_000 }),
    admin.setquota('user/room@example.jp', { storage: 100_000 }),
    // A limit of messages alone ends imapd 3.6.1 where it is to send quota events.
    admin.setquota('user/zeromsg@example.jp', { storage: 100_000, messages: 0 }),
    ...createShared(admin, ''),
    ...createShared(admin, '@example.jp'),
  ]);
  const { data } = await cyrus.deliver('full@example.jp', { size: 40_000 });
  if (data?.startsWith('250') !== true) throw new Error(`full@example.jp could not be filled: ${data}`);
  await admin.setquota('user/full@example.jp', { storage: 10 });
  await admin.close();
}

/** From 3.6 on, Cyrus looks for the missing parent of a domain's folder among those without a domain: so make it. */
function createShared(admin: ImapAdmin, domain: string): Promise<void>[] {
  const rights = { info: 'lp', closed: 'l', hidden: '' };
  const parent = admin.create(`shared${domain}`);
  const folders = Object.entries(rights).flatMap(([name, anyone]) => [
    admin.create(`shared/${name}${domain}`),
    admin.setacl(`shared/${name}${domain}`, 'anyone', anyone),
  ]);
  return [parent, ...folders];
}
