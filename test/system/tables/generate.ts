// One random mail host: its domain classes, mailertable, virtusertable and alias files, the recipients to ask it for,
// and which mailboxes there are. The same for the same seed. No I/O.

import { Random } from './random.js';

/** How the host brings mail to Cyrus. */
export const HOSTS = ['mrs', 'virtual', 'local', 'plus'] as const;
type Host = (typeof HOSTS)[number];

export interface MailHost {
  readonly seed: number;
  readonly host: Host;
  /** By name, in the folder of this host. */
  readonly files: Readonly<Record<string, string>>;
  readonly recipients: readonly string[];
}

const USERS = ['alice', 'bob', 'u001', 'u002', 'nobody', 'ghost', 'team', 'abuse', 'info', 'daemon'] as const;
const TAGS = ['x', 'lists', 'a+b'] as const;
const DOMAINS = ['example.jp', 'example.net', 'example.org', 'sub.example.jp'] as const;

const MAILBOXES = new Set([
  ...['alice', 'bob', 'u001', 'u002', 'daemon', 'postmaster'],
  ...['alice', 'bob', 'u001', 'info'].map((user) => `${user}@example.jp`),
  ...['alice', 'u002'].map((user) => `${user}@example.net`),
  ...['bob', 'u001'].map((user) => `${user}@sub.example.jp`),
]);

/** Whether Cyrus has it, whatever its detail. */
export function hasMailbox(key: string): boolean {
  const [, user = '', domain = ''] = /^([^+@]*)[^@]*(@.*)?$/.exec(key.toLowerCase()) ?? [];
  return MAILBOXES.has(user + domain);
}

const HOPS: Readonly<Record<Host, readonly [string, ...string[]]>> = {
  mrs: [
    'mrs_cyrus_mailertable:',
    'mrs_cyrus_mailertable:',
    'mrs_cyrus_user:',
    'mrs_cyrus_mailertable:esmtp:[192.0.2.1]',
  ],
  virtual: ['cyrusv2d:cyrus', 'cyrusv2d:cyrus', 'cyrusv2:cyrus'],
  local: ['cyrusv2d:cyrus', 'cyrusv2:cyrus', 'local:'],
  plus: ['cyrusv2d:cyrus', 'cyrusv2:cyrus'],
};

/** `folder` is where its files will be. */
export function generate(seed: number, folder: string): MailHost {
  const random = new Random(seed);
  const host = HOSTS[seed % HOSTS.length] ?? 'mrs';
  const user = (): string => random.pick(USERS);
  const domain = (): string => random.pick(DOMAINS);
  const tagged = (): string => user() + (random.chance(0.3) ? `+${random.pick(TAGS)}` : '');
  const address = (): string => `${tagged()}@${domain()}`;

  const own = DOMAINS.filter(() => random.chance(host === 'local' || host === 'plus' ? 0.6 : 0.2));
  const virtual = DOMAINS.filter((name) => !own.includes(name) && random.chance(0.85));
  const hop = (): string =>
    random.chance(0.15)
      ? random.pick(['esmtp:[192.0.2.1]', 'error:5.1.2:550 no such domain', 'local:team'])
      : random.pick(HOPS[host]);

  const virtualKey = (): string => {
    const name = domain();
    return random.pick([
      `${user()}@${name}`,
      `${user()}@${name}`,
      `${user()}+${random.pick(TAGS)}@${name}`,
      `${user()}++@${name}`,
      `${user()}+*@${name}`,
      `++@${name}`,
      `+*@${name}`,
      `@${name}`,
    ]);
  };
  const virtualValue = (): string =>
    random.pick([
      address(),
      address(),
      `%1@${domain()}`,
      `%1%3@${domain()}`,
      `%1+%2@${domain()}`,
      user(),
      'someone@elsewhere.test',
      'error:5.7.0:550 not here',
      'error:nouser 550 nobody here',
    ]);
  const member = (): string =>
    random.pick([user(), user(), address(), 'someone@elsewhere.test', `\\${user()}`]);
  const aliasValue = (): string =>
    random.pick([
      user(),
      address(),
      random.several(2, 4, member).join(', '),
      '/dev/null',
      `${folder}/archive`,
      `:include:${folder}/list`,
      '"|/bin/true"',
      'someone@elsewhere.test',
    ]);
  const aliasKey = (): string => (random.chance(0.2) ? `${user()}+${random.pick(['*', ...TAGS])}` : user());

  const virtusertable = table(
    random.several(0, 8, () => [virtualKey(), virtualValue()]),
    '\t',
  );
  const aliases = table(
    random.several(0, 5, () => [aliasKey(), aliasValue()]),
    ': ',
  );
  const mailertable = table(
    [...DOMAINS.filter(() => random.chance(0.8)), ...(random.chance(0.1) ? ['.example.jp'] : [])].map(
      (name) => [name, hop()],
    ),
    '\t',
  );
  return {
    seed,
    host,
    files: {
      'local-host-names': own.map((name) => `${name}\n`).join(''),
      virtdomains: virtual.map((name) => `${name}\n`).join(''),
      access: '',
      mailertable,
      virtusertable,
      virtaliases: table(
        random.several(0, 3, () => [aliasKey(), aliasValue()]),
        ': ',
      ),
      aliases,
      list: random.several(1, 3, member).join('\n'),
    },
    recipients: [
      ...new Set([...random.several(8, 12, address), ...keysOf(virtusertable), ...keysOf(aliases), user()]),
    ],
  };
}

/** Of several lines with one key the first. */
function table(lines: readonly (readonly [key: string, value: string])[], between: string): string {
  const keys = new Set<string>();
  return lines
    .filter(([key]) => !keys.has(key) && keys.add(key))
    .map(([key, value]) => `${key}${between}${value}\n`)
    .join('');
}

/** Recipients that an entry of the table is meant for. */
function keysOf(text: string): string[] {
  return [...text.matchAll(/^([^\s:]*)/gm)]
    .map(([, key = '']) =>
      key
        .replace('++', '+x')
        .replace('+*', '+x')
        .replace(/^([+@])/, 'alice$1'),
    )
    .filter((key) => key !== '');
}
