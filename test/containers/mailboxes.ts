// The mailboxes that tests ask for: one for each answer that Cyrus can give at RCPT.
import type { CyrusContainer } from './cyrus.js';
import type { ImapAdmin } from './imap-admin.js';
import { mailboxName, USUAL, userName, type Setup } from './setup.js';

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
 * Makes them, for postuser `post`:
 *
 *   alice@ (folders: lists, anyone may post; closed, nobody may) · u001@ and u001@example.net · full@ (over its quota)
 *   zeromsg@ (no message allowed) · room@ (room left) · noacl@ (no right p) · first.last@ · MixedCase@
 *   shared/info (anyone lp), shared/closed (anyone l), shared/hidden (nobody): in example.jp and without a domain
 *
 * all of example.jp where nothing else is said.
 */
export async function createRigMailboxes(cyrus: CyrusContainer, setup: Setup = USUAL): Promise<void> {
  const admin = await cyrus.admin();
  const named = (name: string): string => mailboxName(name, setup);
  const inboxes = new Set(INBOXES.map((name) => named(`user/${name}`)));
  await Promise.all([
    ...[...inboxes].map((name) => admin.create(name)),
    admin.create(named('user/alice/lists@example.jp')),
    admin.setacl(named('user/alice/lists@example.jp'), 'anyone', 'p'),
    admin.create(named('user/alice/closed@example.jp')),
    admin.setacl(named('user/noacl@example.jp'), userName('noacl@example.jp', setup), 'lrswikxtecdan'),
    admin.setquota(named('user/alice@example.jp'), { storage: 100_000 }),
    admin.setquota(named('user/room@example.jp'), { storage: 100_000 }),
    // A limit of messages alone ends imapd 3.6.1 where it is to send quota events.
    admin.setquota(named('user/zeromsg@example.jp'), { storage: 100_000, messages: 0 }),
    ...createShared(admin, named),
    ...(setup.virtdomains === 'off' ? [] : createShared(admin, (name) => named(`${name}@example.jp`))),
  ]);
  await fill(cyrus, 'full@example.jp');
  await admin.setquota(named('user/full@example.jp'), { storage: 10 });
  await admin.close();
}

/** Delivers about 40 KB. */
export async function fill(cyrus: CyrusContainer, address: string): Promise<void> {
  const { rcpt, data } = await cyrus.deliver(address, { size: 40_000 });
  if (data?.startsWith('250') !== true) throw new Error(`${address} could not be filled: ${data ?? rcpt}`);
}

/** From 3.6 on, Cyrus looks for the missing parent of a domain's folder among those without a domain: so make it. */
function createShared(admin: ImapAdmin, named: (name: string) => string): Promise<void>[] {
  const rights = { info: 'lp', closed: 'l', hidden: '' };
  const parent = admin.create(named('shared'));
  const folders = Object.entries(rights).flatMap(([name, anyone]) => [
    admin.create(named(`shared/${name}`)),
    admin.setacl(named(`shared/${name}`), 'anyone', anyone),
  ]);
  return [parent, ...folders];
}
