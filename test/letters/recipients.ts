// Whom the letters are for: mailboxes of three domains, with details, shared ones, full ones, aliases and lists, and names that are none
// of these. Drawn by a seed, the same in each run with it. No I/O.
import { Random } from '../chaos/random.js';

export type Letter = { readonly number: number; readonly kind: Kind; readonly to: string };
export type Kind = keyof typeof DRAW;

export const DOMAINS = ['example.jp', 'example.net', 'example.org'] as const;
type Domain = (typeof DOMAINS)[number];

const USERS = 20;
const FULL = 4;
const SUSPENDED = 2;
/** The longest local parts that a mail server has to take (RFC 5321), and that Cyrus 3.6.1 makes a mailbox of. */
const LONG = [64, 200];

/** Of a hundred letters. */
const SHARES: Readonly<Record<Kind, number>> = {
  existing: 24,
  unknown: 20,
  full: 7,
  alias: 8,
  list: 5,
  detail: 12,
  shared: 5,
  closed: 5,
  suspended: 2,
  capitals: 5,
  long: 3,
  quoted: 4,
};

/** What each mailbox is called in its domain; all of them but shared ones are users'. */
export const INBOXES = {
  /** With the folders `lists`, where anyone may post, and `closed`, where nobody may. */
  users: (domain: Domain): string[] => Array.from({ length: USERS }, (_, i) => `${nameIn(domain)}${i}`),
  others: (domain: Domain): string[] => [
    `first.last.${nameIn(domain)}`,
    ...LONG.map((length) => longName(domain, length)),
    'MixedCase',
  ],
  /** With the folder `lists`. */
  full: (): string[] => Array.from({ length: FULL }, (_, i) => `full${i}`),
  /** Whose users may use nothing for the time being: userdeny. */
  suspended: (): string[] => Array.from({ length: SUSPENDED }, (_, i) => `suspended${i}`),
};

/** Shared mailboxes of each domain, and the rights of anyone; `full` is over its quota. */
export const SHARED = { info: 'lp', full: 'lp', closed: 'l', hidden: '' } as const;

/** Each alias and list, and where its mail goes. */
export const ALIASES: ReadonlyMap<string, readonly string[]> = new Map(
  DOMAINS.flatMap((domain, i): [string, string[]][] => {
    const other = DOMAINS[(i + 1) % DOMAINS.length] ?? domain;
    const user = (number: number, of: Domain): string => `${nameIn(of)}${number}@${of}`;
    return [
      [`info@${domain}`, [user(0, domain)]],
      [`sales@${domain}`, [`${user(1, other)}`]],
      [`team@${domain}`, [user(2, domain), user(3, domain), user(4, other)]],
    ];
  }),
);

/** The alias that an address stands for, whatever its detail and case. */
export function aliasOf(address: string): string | undefined {
  const bare = address.toLowerCase().replace(/\+[^@]*@/, '@');
  return ALIASES.has(bare) ? bare : undefined;
}

export function drawLetters(count: number, seed: number): Letter[] {
  const random = new Random(seed);
  const kinds = (Object.keys(DRAW) as Kind[]).flatMap((kind) => Array<Kind>(SHARES[kind]).fill(kind));
  return Array.from({ length: count }, (_, number) => {
    const kind = random.pick(kinds);
    const domain = random.pick(DOMAINS);
    return { number, kind, to: DRAW[kind](random, domain) };
  });
}

const DRAW = {
  existing: (random: Random, domain: Domain): string =>
    `${random.below(10) === 0 ? `first.last.${nameIn(domain)}` : someone(random, domain)}@${domain}`,
  unknown: (random: Random, domain: Domain): string => {
    const other = random.pick(DOMAINS.filter((each) => each !== domain));
    const number = random.between(USERS, 99_999);
    return `${random.pick([
      `nobody${number}`,
      `${nameIn(domain)}${number}`,
      someone(random, other),
      `${someone(random, domain)}x`,
      `nobody${number}+lists`,
      `first-last-${nameIn(domain)}`,
      'post',
    ])}@${domain}`;
  },
  full: (random: Random, domain: Domain): string => {
    const full = `full${random.below(FULL)}`;
    return `${random.pick([full, full, `${full}+lists`, `${full}+none`, 'post+shared/full'])}@${domain}`;
  },
  alias: (random: Random, domain: Domain): string =>
    `${random.pick(['info', 'sales', 'info+x', 'Sales', 'INFO'])}@${domain}`,
  list: (random: Random, domain: Domain): string => `${random.pick(['team', 'team', 'Team'])}@${domain}`,
  detail: (random: Random, domain: Domain): string => {
    const detail = random.pick(['lists', 'lists', 'closed', `none${random.below(1000)}`, 'LISTS', 'a+b', '']);
    return `${someone(random, domain)}+${detail}@${domain}`;
  },
  shared: (random: Random, domain: Domain): string =>
    `${random.pick(['post', 'post', 'POST'])}+shared/info@${domain}`,
  closed: (random: Random, domain: Domain): string =>
    `${random.pick(['post+shared/closed', 'post+shared/hidden', 'post+shared/none', 'other+shared/info'])}@${domain}`,
  suspended: (random: Random, domain: Domain): string => `suspended${random.below(SUSPENDED)}@${domain}`,
  capitals: (random: Random, domain: Domain): string => {
    const address = `${someone(random, domain)}@${domain}`;
    const some = [...address].map((char) => (random.below(2) === 0 ? char.toUpperCase() : char)).join('');
    return random.pick([address.toUpperCase(), some, `MixedCase@${domain}`]);
  },
  long: (random: Random, domain: Domain): string => {
    const length = random.pick(LONG);
    return `${random.pick([longName(domain, length), `n${longName(domain, length - 1)}`])}@${domain}`;
  },
  quoted: (random: Random, domain: Domain): string => {
    const user = someone(random, domain);
    const first = `first.last.${nameIn(domain)}`;
    return `"${random.pick([user, first, `${user}+lists`, 'nobody', `${user} x`, `${user}+a b`])}"@${domain}`;
  },
} satisfies Record<string, (random: Random, domain: Domain) => string>;

function someone(random: Random, domain: Domain): string {
  return `${nameIn(domain)}${random.below(USERS)}`;
}

/** No user of one domain is one of another. */
function nameIn(domain: Domain): string {
  return `u${domain.slice(-2)}`;
}

function longName(domain: Domain, length: number): string {
  return nameIn(domain).padEnd(length, 'l');
}
