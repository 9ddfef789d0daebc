// What each key is to Cyrus: one table for every back-channel and every version, with where a message for it goes, so
// that a verdict can be held against delivery. For `unixhierarchysep: yes`, `virtdomains: userid` and postuser `post`.
import type { CyrusContainer } from './cyrus.js';
import { createRigMailboxes } from './mailboxes.js';
import type { Verdict } from '../../src/validation/verdict.js';

export type VerdictRow = {
  /** As the mail server asks: latin1, a character a byte. */
  readonly key: string;
  readonly verdict: Verdict['kind'];
  /** What imapd makes of it, where that is something else. */
  readonly imap?: Verdict['kind'];
  readonly why: string;
  /** As the mail server hands it to lmtpd, between the angle brackets; the key itself where that is missing. */
  readonly rcpt?: string;
  /** Where a message for it goes, as an administrator names it; of deliverable ones. */
  readonly mailbox?: string;
};

/** The longest local part whose mailbox Cyrus 3.6.1 makes safely: with one of 239 bytes imapd ends. */
const LONG = 'l'.repeat(200);

export const VERDICT_TABLE: readonly VerdictRow[] = [
  ...deliverable('user/alice@example.jp', {
    'alice@example.jp': 'plain',
    'ALICE@example.jp': 'local part in capitals',
    'alice@EXAMPLE.jp': 'domain in capitals',
    'alice+@example.jp': 'empty detail',
    'alice+none@example.jp': 'detail without a folder',
    'alice+closed@example.jp': 'detail whose folder has no p',
    'alice+LISTS@example.jp': 'detail in another case than its folder',
    'alice+a+b@example.jp': 'two details',
    'alice+50%@example.jp': '% in a detail',
  }),
  ...deliverable('user/alice/lists@example.jp', { 'Alice+lists@example.jp': 'detail with a folder' }),
  ...deliverable('user/alice/lists/deep@example.jp', { 'alice+lists/deep@example.jp': 'two levels' }),
  ...deliverable('user/u001@example.jp', { 'u001@example.jp': 'one of two domains' }),
  ...deliverable('user/u001@example.net', { 'u001@example.net': 'the other one' }),
  ...deliverable('user/first.last@example.jp', {
    'first.last@example.jp': 'dot',
    'first^last@example.jp': 'caret: what Cyrus makes of a dot',
  }),
  ...deliverable('user/noacl@example.jp', { 'noacl@example.jp': 'INBOX without the right p' }),
  ...deliverable('user/room@example.jp', { 'room@example.jp': 'quota with room left' }),
  ...deliverable('user/above@example.jp', { 'above@example.jp': 'limit one KiB above what is used' }),
  ...deliverable('user/zeromsg@example.jp', {
    'zeromsg@example.jp': 'no message allowed: not judged at RCPT',
  }),
  ...deliverable('user/bob', { bob: 'no domain: the default one', 'bob@rig.test': 'default domain' }),
  ...deliverable(`user/${LONG}@example.jp`, { [`${LONG}@example.jp`]: 'long name' }),
  ...deliverable('shared/info@example.jp', {
    'post+shared/info@example.jp': 'shared, lp',
    'POST+shared/info@example.jp': 'post user in capitals',
  }),
  ...deliverable('shared/info', {
    'post+shared/info': 'shared, without a domain',
    'post+shared/info@rig.test': 'shared, default domain',
  }),

  ...those('unknown', {
    'nobody@example.jp': 'no such user',
    'nobody+lists@example.jp': 'no such user, with a detail',
    'alice@nowhere.test': 'no such domain',
    'alice@example.net': 'user of another domain',
    alice: 'no domain: not the default one',
    'alice@': 'empty domain: not the default one',
    'bob@': 'empty domain: not even the default one',
    'alice@example.jp.': 'dot at the end',
    'firstlast@example.jp': 'without its dot',
    'first_last@example.jp': 'with another character for its dot',
    'mixedcase@example.jp': 'made as MixedCase: nobody reaches it',
    'MixedCase@example.jp': 'made as MixedCase: nobody reaches it',
    'post@example.jp': 'post user without a mailbox',
    '+shared/info@example.jp': 'no user at all',
    'post+Shared/Info@example.jp': 'shared, in another case',
    'post+shared.info@example.jp': 'shared, with another separator',
    'post+shared/hidden@example.jp': 'shared, no right at all',
    'post+shared/none@example.jp': 'no such shared mailbox',
    'shared/info@example.jp': 'shared, without the post user',
    'user/alice@example.jp': 'the administrator’s name',
    'alice/lists@example.jp': 'slash',
    'alice.lists@example.jp': 'dot for a folder',
    'alice%example.net@example.jp': '%',
    'example.net!alice@example.jp': '!',
    'cyrus@example.jp': 'account without a mailbox',
    'alice@[127.0.0.1]': 'address literal',
    'alice@exa_mple.jp': 'underscore in the domain',
    'm\xfcller@example.jp': '8-bit in the user',
    'alice+\xfc@example.jp': '8-bit in a detail',
    'alice@ex\xfcmple.jp': '8-bit in the domain',
    '': 'nothing',
    '@example.jp': 'no user',
    'a@b@example.jp': 'two @',
    'alice@@example.jp': 'two @ side by side',
    'al\tice@example.jp': 'control character',
    [`${'n'.repeat(239)}@example.jp`]: 'address of 250 bytes',
    [`${'n'.repeat(1100)}@example.jp`]: 'address longer than any mailbox name',
  }),
  { key: '"alice"@example.jp', verdict: 'unknown', why: 'quotes in the key' },
  { key: 'al ice@example.jp', verdict: 'unknown', why: 'space', rcpt: '"al ice"@example.jp' },
  {
    key: 'alice+a b@example.jp',
    verdict: 'unknown',
    why: 'space in a detail',
    rcpt: '"alice+a b"@example.jp',
  },

  ...those('overquota', {
    'full@example.jp': 'over its quota',
    'full+lists@example.jp': 'over its quota, with a detail',
    'below@example.jp': 'limit one KiB below what is used',
  }),
  {
    key: 'at@example.jp',
    verdict: 'overquota',
    // imapd rounds what is used down to KiB, lmtpd counts bytes.
    imap: 'deliverable',
    why: 'limit at the KiB of what is used',
  },
  ...those('refused', {
    'post+shared/closed@example.jp': 'shared, l without p',
    'post+shared/closed': 'shared, l without p, without a domain',
  }),
  ...those('deferred', {
    'damaged@example.jp': 'mailbox without its index',
  }),
  {
    key: 'denied@example.jp',
    verdict: 'deferred',
    // An administrator is not the user.
    imap: 'deliverable',
    why: 'userdeny',
  },
  {
    key: '@relay.test:alice@example.jp',
    verdict: 'deferred',
    why: 'source route: lmtpd takes it, and no mail server asks for it',
  },
  { key: 'alice+a\\b@example.jp', verdict: 'deferred', why: 'backslash in a detail: lmtpd takes it' },
];

/** Makes every mailbox of the table. */
export async function createTableMailboxes(cyrus: CyrusContainer): Promise<void> {
  await createRigMailboxes(cyrus);
  const admin = await cyrus.admin();
  const more = ['below', 'at', 'above', 'damaged', 'denied', LONG].map((local) => `${local}@example.jp`);
  for (const name of ['bob', ...more]) await admin.create(`user/${name}`);
  await admin.create('user/alice/lists/deep@example.jp');
  await admin.setacl('user/alice/lists/deep@example.jp', 'anyone', 'p');

  for (const [local, distance] of [
    ['below', -1],
    ['at', 0],
    ['above', 1],
  ] as const) {
    const mailbox = `${local}@example.jp`;
    const { data } = await cyrus.deliver(mailbox, { size: 40_000 });
    if (data?.startsWith('250') !== true) throw new Error(`${mailbox} could not be filled: ${data}`);
    await admin.setquota(`user/${mailbox}`, { storage: 100_000 });
    const quota = (await admin.command(`GETQUOTAROOT "user/${mailbox}"`)).join('\n');
    const used = /\(STORAGE (\d+) /.exec(quota)?.[1];
    if (used === undefined) throw new Error(`no quota in ${quota}`);
    await admin.setquota(`user/${mailbox}`, { storage: Number(used) + distance });
  }
  const [path] = (await cyrus.exec([MBPATH, 'user/damaged@example.jp'], 'cyrus')).split('\n');
  await cyrus.exec(['rm', `${path}/cyrus.index`]);
  await cyrus.exec([CYR_DENY, '-m', 'no', 'denied@example.jp'], 'cyrus');
  await admin.close();
}

const MBPATH = '/usr/lib/cyrus/bin/mbpath';
const CYR_DENY = '/usr/lib/cyrus/bin/cyr_deny';

function deliverable(mailbox: string, keys: Readonly<Record<string, string>>): VerdictRow[] {
  return those('deliverable', keys).map((row) => ({ ...row, mailbox }));
}

function those(verdict: Verdict['kind'], keys: Readonly<Record<string, string>>): VerdictRow[] {
  return Object.entries(keys).map(([key, why]) => ({ key, verdict, why }));
}
