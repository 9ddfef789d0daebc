// What each key is to Cyrus: one table for every back-channel, version and setup, with where a message for it goes, so that
// a verdict can be held against delivery. For postuser `post`, defaultdomain `rig.test` and lmtp_downcase_rcpt.
import type { Verdict } from '../../src/validation/verdict.js';
import type { CyrusContainer } from './cyrus.js';
import type { ImapAdmin } from './imap-admin.js';
import { createRigMailboxes, fill } from './mailboxes.js';
import { mailboxName, USUAL, userName, type Setup } from './setup.js';

export type VerdictRow = {
  /** As the mail server asks: latin1, a character a byte. */
  readonly key: string;
  readonly why: string;
  /** As the mail server hands it to lmtpd, between the angle brackets. */
  readonly rcpt: string;
  readonly verdict: Verdict['kind'];
  /** Where a message for it goes, as an administrator names it; of deliverable ones. */
  readonly mailbox: string | undefined;
  /** What is said over IMAP. */
  readonly imap: Verdict['kind'];
  /** Why that is something else. */
  readonly because: string | undefined;
};

/** Where a message goes, as it is named in the usual setup, or what is said instead. */
type Fate = Exclude<Verdict['kind'], 'deliverable'> | `user/${string}` | `shared/${string}`;

/** Where another setup makes something else of it. */
type Elsewhere = {
  /** With `unixhierarchysep: no`. */
  readonly dots?: Fate;
  /** With `virtdomains: off`. */
  readonly off?: Fate;
  /** With both. */
  readonly dotsOff?: Fate;
};

/** What is said over IMAP instead; in the setups with this option, where it is given. */
type OverImap = Partial<Pick<Setup, 'unixhierarchysep'>> & {
  readonly verdict: Verdict['kind'];
  readonly because: string;
};

type Line = Pick<VerdictRow, 'key' | 'why'> &
  Elsewhere & { readonly fate: Fate; readonly rcpt?: string; readonly imap?: OverImap };

/** The longest local part whose mailbox Cyrus 3.6.1 makes safely: with one of 239 bytes imapd ends. */
const LONG = 'l'.repeat(200);

const DOUBTFUL = 'a shared mailbox has the name of the detail, and imapd does not say who is postuser';

const LINES: readonly Line[] = [
  ...those('user/alice@example.jp', {
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
  ...those('user/alice/lists@example.jp', { 'Alice+lists@example.jp': 'detail with a folder' }),
  ...those(
    'user/alice/lists/deep@example.jp',
    { 'alice+lists/deep@example.jp': 'two levels' },
    { dots: 'user/alice@example.jp' },
  ),
  ...those(
    'user/alice@example.jp',
    { 'alice+lists.deep@example.jp': 'two levels, by a dot' },
    { dots: 'user/alice/lists/deep@example.jp' },
  ),
  ...those('user/u001@example.jp', { 'u001@example.jp': 'one of two domains' }),
  ...those('user/u001@example.net', { 'u001@example.net': 'the other one' }),
  ...those('user/first.last@example.jp', {
    'first.last@example.jp': 'dot',
    'first^last@example.jp': 'caret: what Cyrus makes of a dot',
  }),
  ...those('user/noacl@example.jp', { 'noacl@example.jp': 'INBOX without the right p' }),
  ...those('user/room@example.jp', { 'room@example.jp': 'quota with room left' }),
  ...those('user/above@example.jp', { 'above@example.jp': 'limit one KiB above what is used' }),
  ...those('user/zeromsg@example.jp', { 'zeromsg@example.jp': 'no message allowed: not judged at RCPT' }),
  ...those('user/bob', { bob: 'no domain: the default one', 'bob@rig.test': 'default domain' }),
  ...those(`user/${LONG}@example.jp`, { [`${LONG}@example.jp`]: 'long name' }),

  ...those('unknown', {
    'nobody@example.jp': 'no such user',
    'nobody+lists@example.jp': 'no such user, with a detail',
    'alice.@example.jp': 'dot at the end of the user',
    'firstlast@example.jp': 'without its dot',
    'first_last@example.jp': 'with another character for its dot',
    'first/last@example.jp': 'with a slash for its dot',
    'mixedcase@example.jp': 'made as MixedCase: nobody reaches it',
    'MixedCase@example.jp': 'made as MixedCase: nobody reaches it',
    'shared/info@example.jp': 'shared, without the post user',
    'user/alice@example.jp': 'the administrator’s name',
    'user.alice@example.jp': 'the administrator’s name, by a dot',
    'alice/lists@example.jp': 'slash for a folder',
    'alice.lists@example.jp': 'dot for a folder',
    'alice^lists@example.jp': 'caret for a folder',
    'alice%example.net@example.jp': '%',
    'example.net!alice@example.jp': '!',
    'cyrus@example.jp': 'account without a mailbox',
    'alice@exa_mple.jp': 'underscore in the domain',
    'm\xfcller@example.jp': '8-bit in the user',
    'alice+\xfc@example.jp': '8-bit in a detail',
    'alice@ex\xfcmple.jp': '8-bit in the domain',
    '': 'nothing',
    '@example.jp': 'no user',
    'a@b@example.jp': 'two @',
    'alice@@example.jp': 'two @ side by side',
    'al\tice@example.jp': 'control character',
    '"alice"@example.jp': 'quotes in the key',
    [`${'n'.repeat(239)}@example.jp`]: 'address of 250 bytes',
    [`${'n'.repeat(1100)}@example.jp`]: 'address longer than any mailbox name',
  }),
  { key: 'al ice@example.jp', why: 'space', fate: 'unknown', rcpt: '"al ice"@example.jp' },
  { key: 'alice+a b@example.jp', why: 'space in a detail', fate: 'unknown', rcpt: '"alice+a b"@example.jp' },

  // Of another domain: where there is but one, it is the same mailbox.
  ...those(
    'unknown',
    {
      'alice@nowhere.test': 'no such domain',
      'alice@example.net': 'user of another domain',
      alice: 'no domain: not the default one',
      'alice@': 'empty domain: not the default one',
      'alice@example.jp.': 'dot at the end',
      'alice@[127.0.0.1]': 'address literal',
    },
    { off: 'user/alice' },
  ),
  ...those(
    'unknown',
    { 'bob@': 'empty domain: not even the default one', 'bob@example.jp': 'user of the default domain' },
    { off: 'user/bob' },
  ),

  ...shared('shared/info@example.jp', {
    'post+shared/info@example.jp': 'shared, lp',
    'POST+shared/info@example.jp': 'post user in capitals',
  }),
  ...shared('shared/info', {
    'post+shared/info': 'shared, without a domain',
    'post+shared/info@rig.test': 'shared, default domain',
    'post+/shared//info/': 'shared, with more separators than it needs',
  }),
  ...shared('shared/anonymous@example.jp', {
    'post+shared/anonymous@example.jp': 'shared, lp for anonymous',
  }),
  ...shared('refused', {
    'post+shared/closed@example.jp': 'shared, l without p',
    'post+shared/closed': 'shared, l without p, without a domain',
    'post+shared/barred@example.jp': 'shared, lp, and -p',
  }),
  ...shared('overquota', { 'post+shared/full@example.jp': 'shared, over its quota' }),
  ...shared('unknown', {
    'post+shared/hidden@example.jp': 'shared, no right at all',
    'post+shared/hidden': 'shared, no right at all, without a domain',
    'post+shared/none@example.jp': 'no such shared mailbox',
    'post+Shared/Info@example.jp': 'shared, in another case',
    'post+user/alice@example.jp': 'shared, but a user’s',
    '+shared/info@example.jp': 'shared, by no user at all',
  }),
  {
    key: 'someone+shared/info@example.jp',
    why: 'shared, but by another user',
    fate: 'unknown',
    imap: { verdict: 'deferred', because: DOUBTFUL, unixhierarchysep: 'yes' },
  },
  {
    key: 'someone+shared.info@example.jp',
    why: 'shared, but by another user, by dots',
    fate: 'unknown',
    imap: { verdict: 'deferred', because: DOUBTFUL, unixhierarchysep: 'no' },
  },
  ...those('unknown', {
    'post@example.jp': 'post user without a mailbox',
    'post+@example.jp': 'post user without a detail',
    'post+INBOX@example.jp': 'post user’s INBOX',
  }),
  {
    key: 'post+shared/info@nowhere.test',
    why: 'shared, no such domain',
    fate: 'unknown',
    off: 'shared/info',
    dotsOff: 'unknown',
  },

  ...those('overquota', {
    'full@example.jp': 'over its quota',
    'full+lists@example.jp': 'over its quota, with a detail',
    'below@example.jp': 'limit one KiB below what is used',
  }),
  {
    key: 'at@example.jp',
    why: 'limit at the KiB of what is used',
    fate: 'overquota',
    imap: {
      verdict: 'deliverable',
      because: 'imapd says what is used rounded down to KiB, lmtpd counts bytes',
    },
  },
  ...those('deferred', {
    'damaged@example.jp': 'mailbox without its index',
    '@relay.test:alice@example.jp': 'source route: lmtpd takes it, and no mail server asks for it',
    'alice+a\\b@example.jp': 'backslash in a detail: lmtpd takes it',
  }),
  ...those(
    'deferred',
    { [`alice@${'d'.repeat(1100)}`]: 'domain longer than any mailbox name: lmtpd may not look at it' },
    { off: 'user/alice' },
  ),
  {
    key: 'denied@example.jp',
    why: 'userdeny',
    fate: 'deferred',
    imap: { verdict: 'deliverable', because: 'userdeny holds for users, and an administrator asks' },
  },
];

/** The table for one setup. */
export function verdictTable(setup: Setup): readonly VerdictRow[] {
  return LINES.map((line) => {
    const { key, why, rcpt = key } = line;
    const fate = fateIn(line, setup);
    const verdict = kindOf(fate);
    const mailbox = verdict === 'deliverable' ? mailboxName(fate, setup) : undefined;
    const imap = holdsIn(line.imap, setup) ? line.imap : undefined;
    return { key, why, rcpt, verdict, mailbox, imap: imap?.verdict ?? verdict, because: imap?.because };
  });
}

/** That of the usual setup. */
export const VERDICT_TABLE = verdictTable(USUAL);

/** Makes every mailbox of the table. */
export async function createTableMailboxes(cyrus: CyrusContainer, setup: Setup = USUAL): Promise<void> {
  await createRigMailboxes(cyrus, setup);
  const admin = await cyrus.admin();
  const named = (name: string): string => mailboxName(name, setup);
  const more = ['below', 'at', 'above', 'damaged', 'denied', LONG].map((local) => `${local}@example.jp`);
  for (const name of ['bob', ...more]) await admin.create(named(`user/${name}`));
  await admin.create(named('user/alice/lists/deep@example.jp'));
  await admin.setacl(named('user/alice/lists/deep@example.jp'), 'anyone', 'p');
  for (const name of ['anonymous', 'barred', 'full']) await admin.create(named(`shared/${name}@example.jp`));
  await admin.setacl(named('shared/anonymous@example.jp'), 'anonymous', 'lp');
  await admin.setacl(named('shared/barred@example.jp'), 'anyone', 'lp');
  await admin.setacl(named('shared/barred@example.jp'), '-anyone', 'p');
  await admin.setacl(named('shared/full@example.jp'), 'anyone', 'lp');
  await fill(cyrus, `post+${named('shared/full')}@example.jp`);
  await admin.setquota(named('shared/full@example.jp'), { storage: 10 });

  await limit(cyrus, admin, 'below@example.jp', -1, setup);
  await limit(cyrus, admin, 'at@example.jp', 0, setup);
  await limit(cyrus, admin, 'above@example.jp', 1, setup);
  const [path] = (await cyrus.exec([MBPATH, named('user/damaged@example.jp')], 'cyrus')).split('\n');
  await cyrus.exec(['rm', `${path}/cyrus.index`]);
  await cyrus.exec([CYR_DENY, '-m', 'no', userName('denied@example.jp', setup)], 'cyrus');
  await admin.close();
}

/** Fills a mailbox, and sets its limit so many KiB above what is used then. */
async function limit(
  cyrus: CyrusContainer,
  admin: ImapAdmin,
  address: string,
  distance: number,
  setup: Setup,
): Promise<void> {
  const mailbox = mailboxName(`user/${address}`, setup);
  await fill(cyrus, address);
  await admin.setquota(mailbox, { storage: 100_000 });
  const quota = (await admin.command(`GETQUOTAROOT "${mailbox}"`)).join('\n');
  const used = /\(STORAGE (\d+) /.exec(quota)?.[1];
  if (used === undefined) throw new Error(`no quota in ${quota}`);
  await admin.setquota(mailbox, { storage: Number(used) + distance });
}

const MBPATH = '/usr/lib/cyrus/bin/mbpath';
const CYR_DENY = '/usr/lib/cyrus/bin/cyr_deny';

function fateIn({ fate, dots = fate, off = fate, dotsOff }: Line, setup: Setup): Fate {
  const { unixhierarchysep, virtdomains } = setup;
  if (unixhierarchysep === 'yes') return virtdomains === 'off' ? off : fate;
  if (virtdomains !== 'off') return dots;
  return dotsOff ?? (dots === fate ? off : dots);
}

function holdsIn(imap: OverImap | undefined, { unixhierarchysep }: Setup): boolean {
  return imap?.unixhierarchysep === undefined || imap.unixhierarchysep === unixhierarchysep;
}

function kindOf(fate: Fate): Verdict['kind'] {
  switch (fate) {
    case 'unknown':
    case 'overquota':
    case 'refused':
    case 'deferred':
      return fate;
    default:
      return 'deliverable';
  }
}

function those(fate: Fate, keys: Readonly<Record<string, string>>, elsewhere: Elsewhere = {}): Line[] {
  return Object.entries(keys).map(([key, why]) => ({ key, why, fate, ...elsewhere }));
}

/** Each by either separator: a setup knows one of them. */
function shared(fate: Fate, keys: Readonly<Record<string, string>>): Line[] {
  return Object.entries(keys).flatMap(([key, why]): Line[] => [
    { key, why, fate, dots: 'unknown' },
    { key: key.replaceAll('/', '.'), why: `${why}, by dots`, fate: 'unknown', dots: fate },
  ]);
}
