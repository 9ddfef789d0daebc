// Any configuration, reloaded into any other, answers like a daemon that was started with the other, and asks nobody whom
// that one would not ask: whatever was known, and whatever had been asked before.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { ConfigError } from '../../src/errors.js';
import { silentLog } from '../../src/log/log.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, temporaryFolder } from '../integration/socketmap-rig.js';
import { keysToTry, type Tried } from './reload-keys.js';

const KEYS = [
  'alice@example.jp',
  'Bob@example.jp',
  'bob@example.net',
  'carol@example.net',
  'full@example.jp',
  'full@example.net',
  'alice+x@example.jp',
  'post+shared@example.jp',
  'post+shared@example.net',
  'full@sub.example.net',
  'postmaster@example.net',
  'postmaster',
  'alice',
  'nobody@example.jp',
  'list@example.jp',
  'bare@example.jp',
  'list+x@sub.example.net',
  'somebody@other.test',
  '\xe4@example.jp',
].flatMap((key) => ['cyrus', 'other'].map((map) => ({ map, key })));

/**
 * What is invented to see whether a RCPT creates mailboxes, another one each time. Of the domains that are not named under
 * [domains] only one is asked, whichever comes first: of another one where something was remembered.
 */
const INVENTED = /^cyrusmapd%\w+(?:@(.+))?$/;
const INVENTED_NAME = /%\w+/;

type Served = {
  readonly domains: Readonly<Record<string, string | null>>;
  readonly lookup: { readonly default_domain: string | null };
};

/** What stands in the file, by the names of its tables. */
type Tables = Served & Readonly<Record<string, object | null>>;

function isNamed(domains: Served['domains'], domain: string): boolean {
  return domains[domain] !== undefined && domains[domain] !== null;
}

const server = fc.constantFrom('one', 'two');
const overQuota = fc.constantFrom('temp', 'ok', 'reject');
const ofDomain = fc.record({
  over_quota: fc.option(overQuota),
  refused: fc.option(fc.constantFrom('reject', 'temp')),
});

/** What a configuration says; a line for each key, without a value where it is not there. */
const configuration = fc
  .record({
    domains: fc.record({ 'example.jp': server, 'example.net': fc.option(server), '*': fc.option(server) }),
    lookup: fc.record({
      over_quota: overQuota,
      detail: fc.constantFrom('inbox', 'folder'),
      eight_bit: fc.constantFrom('reject', 'temp'),
      downcase: fc.boolean(),
      post_user: fc.constantFrom('', 'post'),
      default_domain: fc.option(fc.constantFrom('example.jp', 'example.net')),
      always_accept: fc.constantFrom([], ['postmaster'], ['nobody@example.jp']),
      domains_complete: fc.boolean(),
    }),
    'map.other': fc.record({
      over_quota: fc.option(overQuota),
      keys: fc.constantFrom('recipients', 'domains'),
    }),
    'domain."example.jp"': fc.option(ofDomain),
    'domain."*.example.net"': fc.option(ofDomain),
    cache: fc.record({ known_ttl: fc.constantFrom('60s', '1h'), negative_ttl: fc.constantFrom('0s', '60s') }),
    aliases: fc.record({
      format: fc.constantFrom('virtual', 'virtusertable'),
      domains: fc.constant(['example.jp']),
    }),
    one: fc.record({
      also: fc.constantFrom(null, ['aliases']),
      autocreate: fc.constantFrom('accept', 'defer'),
      batch: fc.constantFrom(1, 32),
    }),
    two: fc.record({ connections: fc.constantFrom(1, 4), second: fc.option(fc.constant('one')) }),
  })
  .map(({ one, two, aliases, ...tables }) => ({
    ...tables,
    'backchannel.aliases': { type: 'list', ...aliases },
    'backchannel.one': { type: 'lmtp', canary: 'alice@example.jp', ...one },
    'backchannel.two': { type: 'lmtp', canary: 'alice@example.jp', ...two },
  }));

test('a reload leaves nothing of what was configured before', { timeout: 300_000 }, async () => {
  const rig = await Rig.start();
  const clock = new Clock();
  await fc.assert(
    fc.asyncProperty(configuration, configuration, fc.subarray(KEYS), async (before, after, earlier) => {
      fc.pre(await isTheSame(rig, clock, [before, after], earlier));
    }),
    { numRuns: Number(process.env['RELOADS'] ?? 30) },
  );
});

describe('a reload with another value of a key', () => {
  test('is tried for every key that a reload takes', async () => {
    const some = await configured(BASE);
    const { tried, unknown } = keysToTry(some);
    expect(unknown).toEqual([]);
    expect(tried.length).toBeGreaterThan(40);
  });

  test('leaves nothing of the former value', { timeout: 300_000 }, async () => {
    const rig = await Rig.start();
    const clock = new Clock();
    const { tried } = keysToTry(await configured(BASE));
    const most = Math.max(...tried.map(({ values }) => values.length));
    for (let at = 0; at < most; at += 1) {
      for (const group of inGroups(tried.filter(({ values }) => at < values.length))) {
        const changed = group.reduce(
          (tables, { table, key, values }) => withKey(tables, table, key, values[at]),
          BASE,
        );
        for (const [before, after] of [[BASE, changed] as const, [changed, BASE] as const])
          expect(await isTheSame(rig, clock, [before, after], KEYS), JSON.stringify(group)).toBe(true);
      }
    }
  });
});

/** Two back-channels, of which each has domains, and all tables in which a key can be. */
const BASE: Tables = {
  domains: { 'example.jp': 'one', 'example.net': 'two' },
  lookup: { default_domain: null },
  'map.other': {},
  'domain."example.jp"': {},
  'backchannel.aliases': { type: 'list', format: 'virtual', domains: ['example.jp'] },
  'backchannel.one': { type: 'lmtp', canary: 'alice@example.jp' },
  'backchannel.two': { type: 'lmtp', canary: 'alice@example.jp' },
};

/** So many keys together, which is quicker; those that do not go together are apart by their order. */
const TOGETHER = 6;

function inGroups(tried: readonly Tried[]): Tried[][] {
  const count = Math.ceil(tried.length / TOGETHER);
  return Array.from({ length: count }, (_, group) => tried.filter((__, at) => at % count === group));
}

function withKey(tables: Tables, table: string, key: string, value: unknown): Tables {
  return { ...tables, [table]: { ...tables[table], [key]: value } };
}

/**
 * Whether both configurations can be used; after a reload from the first to the second the daemon answers, and asks, as one that was
 * started with the second.
 */
async function isTheSame(
  rig: Rig,
  clock: Clock,
  [before, after]: readonly [Tables, Tables],
  earlier: typeof KEYS,
): Promise<boolean> {
  const [former, next] = [await rig.load(before, 'reloaded'), await rig.load(after, 'reloaded')];
  const fresh = await rig.load(after, 'started');
  if (former === undefined || next === undefined || fresh === undefined) return false;
  const reloaded = await Daemon.start(former, silentLog);
  const started = await Daemon.start(fresh, silentLog);
  try {
    clock.pass();
    await rig.replies('reloaded', earlier);
    clock.pass();
    await reloaded.reload(next);
    clock.pass();
    const expected = await rig.asked(after, () => rig.replies('started', KEYS));
    const found = await rig.asked(after, () => rig.replies('reloaded', KEYS));
    expect(found.replies).toEqual(expected.replies);
    expect(withoutThose(found.recipients, expected.recipients)).toEqual([]);
    return true;
  } finally {
    await Promise.all([reloaded.stop(), started.stop()]);
  }
}

async function configured(tables: Tables): Promise<Config> {
  const config = await (await Rig.start()).load(tables, 'none');
  if (config === undefined) throw new Error('it cannot be used');
  return config;
}

/** What is asked more often than there. The witness is left out: it is asked as often as there are batches. */
function withoutThose(asked: readonly string[], there: readonly string[]): string[] {
  const rest = [...there];
  return asked.filter((recipient) => {
    const at = rest.indexOf(recipient);
    if (at !== -1) rest.splice(at, 1);
    return at === -1 && !/: alice(@|$)/.test(recipient);
  });
}

/** The monotonic clock, which goes on by itself too. */
class Clock {
  #passedMs = 0;

  constructor() {
    const now = performance.now.bind(performance);
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + this.#passedMs);
    afterwards(() => spy.mockRestore());
  }

  /** What was asked before is older now than what is asked from now on, by more than the stores round. */
  pass(): void {
    this.#passedMs += 250;
  }
}

/** Two lmtpds that know different mailboxes, and daemons before them. */
class Rig {
  readonly #folder = temporaryFolder();
  readonly #lmtpds: ReadonlyMap<string, LmtpServer>;

  private constructor(lmtpds: ReadonlyMap<string, LmtpServer>) {
    this.#lmtpds = lmtpds;
    writeFileSync(
      this.#path('aliases'),
      'list@example.jp alice\nfull@example.jp alice\n@sub.example.net alice\nbare alice\n',
    );
  }

  static async start(): Promise<Rig> {
    const [one, two] = [await LmtpServer.listen(0), await LmtpServer.listen(0)];
    afterwards(() => one.stop());
    afterwards(() => two.stop());
    const ofOne = [
      'alice',
      'alice@example.jp',
      'alice@example.net',
      'bob@example.jp',
      'bob@example.net',
      'Bob@example.jp',
      'somebody@other.test',
    ];
    for (const each of ofOne) one.mailboxes.set(each, REPLIES.deliverable);
    for (const each of ['full@example.jp', 'full@sub.example.net'])
      one.mailboxes.set(each, REPLIES.overquota);
    for (const each of ['post+shared@example.jp', 'post+shared@example.net'])
      one.mailboxes.set(each, REPLIES.refused);
    for (const each of [
      'alice',
      'alice@example.jp',
      'alice@example.net',
      'carol@example.net',
      'full@example.jp',
    ])
      two.mailboxes.set(each, REPLIES.deliverable);
    two.mailboxes.set('full@example.net', REPLIES.overquota);
    return new Rig(
      new Map([
        ['one', one],
        ['two', two],
      ]),
    );
  }

  /** Undefined where the configuration contradicts itself. */
  async load(tables: Record<string, object | null>, socket: string): Promise<Config | undefined> {
    const text = Object.entries({ socketmap: {}, ...tables }).map(([name, table]) => {
      if (table === null) return '';
      const lines = Object.entries(table).flatMap(([key, value]: [string, unknown]) =>
        value === null ? [] : [`${JSON.stringify(key)} = ${JSON.stringify(value)}`],
      );
      const endpoint = this.#lmtpds.get(name.replace('backchannel.', ''))?.endpoint;
      if (endpoint !== undefined) lines.push(`endpoint = "${endpoint}"`);
      if (name === 'socketmap') lines.push(`listen = ["unix:${this.#path(socket)}"]`);
      if (name === 'backchannel.aliases') lines.push(`file = "${this.#path('aliases')}"`);
      return [`[${name}]`, ...lines].join('\n');
    });
    const file = join(this.#folder, 'cyrusmapd.toml');
    writeFileSync(file, text.join('\n'));
    try {
      return (await loadConfig({ config: file })).config;
    } catch (error) {
      if (error instanceof ConfigError) return undefined;
      throw error;
    }
  }

  async replies(socket: string, questions: readonly { map: string; key: string }[]): Promise<string[]> {
    const client = await SocketmapConnection.connect({ kind: 'unix', path: this.#path(socket) });
    const said: string[] = [];
    for (const { map, key } of questions) {
      const { status, text } = await client.lookup(map, key);
      said.push(`${map} ${key}: ${status} ${text}`);
    }
    client.close();
    return said;
  }

  /** Who is asked about which mailbox meanwhile, beside the replies. */
  async asked(
    { domains, lookup }: Served,
    work: () => Promise<string[]>,
  ): Promise<{ replies: string[]; recipients: string[] }> {
    const suffix = lookup.default_domain === null ? /$/ : `@${lookup.default_domain}`;
    const mailboxOf = (recipient: string): string => {
      const [, domain = lookup.default_domain] = INVENTED.exec(recipient) ?? [];
      if (INVENTED.test(recipient) && (domain === null || !isNamed(domains, domain)))
        return 'cyrusmapd% of the others';
      return recipient.replace(INVENTED_NAME, '%').replace(suffix, '');
    };
    const before = new Map([...this.#lmtpds].map(([name, { recipients }]) => [name, recipients.length]));
    const replies = await work();
    const recipients = [...this.#lmtpds].flatMap(([name, lmtpd]) => {
      const asked = lmtpd.recipients.slice(before.get(name));
      const there = asked.filter((each) => lmtpd.mailboxes.has(each)).map(mailboxOf);
      // What is unknown may be asked more than once, to be sure.
      const unknown = asked.filter((each) => !lmtpd.mailboxes.has(each)).map(mailboxOf);
      return [...there, ...new Set(unknown)].map((each) => `${name}: ${each}`);
    });
    return { replies, recipients };
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
