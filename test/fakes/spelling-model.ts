// Which mailbox lmtpd takes an address for, as Cyrus 3.2.6, 3.6.1, 3.10.2 and 3.12.4 were measured to do, and spellings of
// the same mailbox; test/system/spellings.test.ts holds it against the real ones. No I/O.

/** The oldest compares the default domain only as it is spelled, the others once more after folding. */
export type SpellingVersion = '3.2' | '3.6' | '3.10' | '3.12';

export const SPELLING_VERSIONS: readonly SpellingVersion[] = ['3.2', '3.6', '3.10', '3.12'];

/** The lines of imapd.conf that decide. */
export type SpellingSetup = {
  readonly unixhierarchysep: 'yes' | 'no';
  readonly virtdomains: 'userid' | 'on' | 'off';
  readonly defaultdomain: string;
};

export const SPELLING_SETUPS: readonly SpellingSetup[] = (['yes', 'no'] as const).flatMap(
  (unixhierarchysep) =>
    (['userid', 'on', 'off'] as const).flatMap((virtdomains) =>
      ['rig.test', 'RIG.Test'].map((defaultdomain) => ({ unixhierarchysep, virtdomains, defaultdomain })),
    ),
);

/** As an administrator names them; those without a domain are of the default one. */
export const SPELLED_MAILBOXES: readonly string[] = [
  'bob',
  'first.last',
  'ann@example.jp',
  'first.last@example.jp',
];

const LOCALS: readonly (readonly string[])[] = [
  ['bob', 'BOB', 'Bob+x', 'bob+'],
  ['first.last', 'first^last', 'First.Last', 'FIRST^last', 'first.last+x', 'first^last+x'],
  ['ann', 'Ann', 'ann+a.b', 'ann+A^b'],
];

const DOMAINS = [
  ...[undefined, '', 'rig.test', 'RIG.TEST', 'RIG.Test', 'rig.test.'],
  ...['example.jp', 'EXAMPLE.jp', 'example.net'],
];

/** For each name, all its spellings in all domains. */
export const SPELLINGS: readonly (readonly string[])[] = LOCALS.map((locals) =>
  locals.flatMap((local) => DOMAINS.map((domain) => (domain === undefined ? local : `${local}@${domain}`))),
);

/** The mailbox that an address names: `bob`, or `ann@example.jp`. */
export function mailboxOf(
  address: string,
  version: SpellingVersion,
  { virtdomains, defaultdomain }: SpellingSetup,
): string {
  const at = address.indexOf('@');
  const local = (at === -1 ? address : address.slice(0, at)).replace(/\+.*/, '');
  const user = local.toLowerCase().replaceAll('^', '.');
  const domain = at === -1 ? undefined : address.slice(at + 1);
  if (domain === undefined || virtdomains === 'off' || domain === defaultdomain) return user;
  const folded = domain.toLowerCase();
  return version !== '3.2' && folded === defaultdomain ? user : `${user}@${folded}`;
}
