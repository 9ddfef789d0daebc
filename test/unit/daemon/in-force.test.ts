// Each thing that a configuration decides, and that a reload must put in force: the second configuration differs in it alone.
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HostClock, HostClockParts } from '../../../src/daemon/host-clock.js';
import { heartOf, putInForce, type Heart, type InForce } from '../../../src/daemon/in-force.js';
import { ConfigError } from '../../../src/errors.js';
import { silentLog, type Log } from '../../../src/log/log.js';
import { FileWatch } from '../../../src/net/file-watch.js';
import { Snapshots } from '../../../src/snapshots/snapshots.js';
import { DELIVERABLE, OVERQUOTA } from '../../../src/validation/verdict.js';
import { HandProof } from '../../fakes/hand-proof.js';
import { configured, pathOf } from './configured.js';

const clocks = vi.hoisted((): HostClockParts[] => []);
vi.mock('../../../src/daemon/host-clock.js', async (original) => {
  const real = await original<{ HostClock: typeof HostClock }>();
  class Watched extends real.HostClock {
    constructor(parts: HostClockParts) {
      super(parts);
      clocks.push(parts);
    }
  }
  return { ...real, HostClock: Watched };
});

const ALICE = 'alice@example.jp';
const CYRUS = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/run/cyrus/lmtp"\n';
const DOMAINS = '[domains]\n"example.jp" = "cyrus"\n';

let lines: { readonly level: string; readonly event: string }[];
let heart: Heart;
let former: InForce;

beforeEach(() => {
  lines = [];
});
afterEach(() => {
  heart.snapshots.close();
  heart.hostClock.close();
  heart.files.close();
  heart.harvest.end();
  heart.lookupLog.end();
  vi.restoreAllMocks();
});

const log: Log = {
  ...silentLog,
  ...Object.fromEntries(
    (['debug', 'info', 'warn', 'error'] as const).map((level) => [
      level,
      (fields: object) => void lines.push({ level, event: String(Object(fields).event) }),
    ]),
  ),
  isLevelEnabled: (level) => level !== 'debug',
};

async function started(text: string, events?: HandProof): Promise<InForce> {
  const config = await configured(text);
  heart = heartOf(config, log, () => undefined);
  return (former = await putInForce(config, heart, events));
}

async function reloaded(text: string, events?: HandProof): Promise<InForce> {
  return putInForce(await configured(text), heart, events, former);
}

/** As if Cyrus had said so just now, through its back-channel. */
function remember(mailbox: string, verdict = DELIVERABLE): void {
  const probe = heart.validator.route(mailbox.split('@')[1]);
  if (typeof probe !== 'object') throw new Error(`${mailbox} has no back-channel`);
  heart.cache.remember(mailbox, verdict, performance.now(), heart.cache.vouchers.of(probe));
}

const answer = (key: string, map = 'cyrus'): string | undefined => heart.lookups.answerNow(map, key)?.status;

describe('a reload puts in force', () => {
  test('what the maps make of verdicts', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    remember(ALICE, OVERQUOTA);
    expect(answer(ALICE)).toBe('TEMP');
    await reloaded(`[lookup]\nover_quota = "ok"\n${DOMAINS}${CYRUS}`);
    remember(ALICE, OVERQUOTA);
    expect(answer(ALICE)).toBe('OK');
  });

  test('what the policy service answers, and for which domains', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    const action = (key: string) => heart.policyLookups.answerNow('RCPT', key);
    const nothing = action('somebody@elsewhere.test');
    expect(action('a b@example.jp')).not.toEqual(nothing);
    expect(action('a b@example.net')).toEqual(nothing);
    await reloaded(
      `[policy]\nunknown = "550 5.1.1 no such user"\n[domains]\n"example.net" = "cyrus"\n${CYRUS}`,
    );
    expect(action('a b@example.jp')).toEqual(nothing);
    expect(action('a b@example.net')?.text).toContain('no such user');
  });

  test('who is asked about a domain', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    const [one, other] = ['example.jp', 'example.net'].map((domain) => heart.validator.route(domain));
    expect([typeof one, other]).toEqual(['object', 'unserved']);
    const next = await reloaded(`[domains]\n"example.net" = "cyrus"\n${CYRUS}`);
    expect(heart.validator.route('example.jp')).toBe('unserved');
    expect(heart.validator.route('example.net')).toBe(next.backchannels.asked.get('cyrus'));
  });

  test('the rules for addresses, and who is always accepted, in the configuration and in its file', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    expect(answer('postmaster@example.jp')).toBeUndefined();
    writeFileSync(pathOf('always'), 'abuse@example.jp\n');
    await reloaded(
      `[lookup]\nalways_accept = ["postmaster"]\nalways_accept_file = "${pathOf('always')}"\npost_user = "post"\n${DOMAINS}${CYRUS}`,
    );
    expect([answer('postmaster@example.jp'), answer('abuse@example.jp')]).toEqual(['OK', 'OK']);
    expect(heart.validator.addressRules.postUser).toBe('post');
  });

  test('how long Cyrus is believed', async () => {
    await started(`[cache]\nknown_ttl = "60s"\n${DOMAINS}${CYRUS}`);
    const believed = (): number | undefined => heart.cache.vouchers.only?.belief.knownMs;
    expect(believed()).toBe(60_000);
    await reloaded(`[cache]\nknown_ttl = "5s"\n${DOMAINS}${CYRUS}`);
    expect(believed()).toBe(5_000);
  });

  test('how many lines the log may have in a second', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    await reloaded(`[log]\nmax_refused_per_second = 1\n${DOMAINS}${CYRUS}`);
    for (let i = 0; i < 5; i++) answer('a b@example.jp');
    expect(lines.filter(({ event }) => event === 'notfound')).toHaveLength(1);
  });

  test('of which domains an attack is told, and from how many on', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    const time = vi.spyOn(performance, 'now');
    const attack = (domain: string): void => {
      time.mockReturnValue(performance.now() + 10_500);
      for (let i = 0; i < 30; i++) heart.harvest.unknown(`u@${domain}`, 'rule');
      time.mockReturnValue(performance.now() + 10_500);
      heart.harvest.unknown(`u@${domain}`, 'rule');
    };
    attack('example.net');
    expect(heart.harvest.active).toEqual([]);
    await reloaded(`[admin]\nharvest = 2\n[domains]\n"example.net" = "cyrus"\n${CYRUS}`);
    attack('example.net');
    expect(heart.harvest.active).toEqual([undefined, 'example.net']);
  });

  test('what is listed, and how often', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    const listed = vi.spyOn(Snapshots.prototype, 'reconfigure');
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    const imap = `[backchannel.cyrus]\ntype = "imap"\nendpoint = "unix:/run/cyrus/imap"\nuser = "cyrus"\npassword_file = "${pathOf('password')}"\ncanary = "${ALICE}"\n`;
    const next = await reloaded(`[cache]\nsnapshot_interval = "7m"\n${DOMAINS}${imap}`);
    expect(next.sources.map(({ name }) => name)).toEqual(['cyrus']);
    expect(listed.mock.calls).toEqual([[next.sources, 420_000]]);
  });

  test('which files are looked at for changes', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    writeFileSync(pathOf('always'), 'abuse@example.jp\n');
    const watched = vi.spyOn(FileWatch.prototype, 'watch');
    await reloaded(`[lookup]\nalways_accept_file = "${pathOf('always')}"\n${DOMAINS}${CYRUS}`);
    expect(watched.mock.calls.map(([files]) => [...files.keys()])).toEqual([[pathOf('always')]]);
  });

  test('by which proof each back-channel is believed, and what other machines are told by', async () => {
    const events = new HandProof();
    await started(`${DOMAINS}${CYRUS}`, events);
    expect(heart.cache.vouchers.only?.proof).not.toBe(events);
    await reloaded(`[events]\nlisten = "unix:/run/cyrusmapd/events"\n${DOMAINS}${CYRUS}`, events);
    expect(heart.cache.vouchers.only?.proof).toBe(events);
    expect(heart.outlet.proof).toBe(events);
  });

  test('of which streams of other daemons it hears, and by which access', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    const followed: string[][] = [];
    const proof = new HandProof();
    // What a fleet is asked for here, and nothing else of it.
    const admitted: unknown[] = [];
    const fleet = {
      readAccess: (access: unknown) => Promise.resolve({ access }),
      admit: (admission: unknown) => void admitted.push(admission),
      follow: (names: ReadonlySet<string>) => void followed.push([...names]),
      proofOf: (name: string) => (name === 'two' ? proof : undefined),
    };
    Object.assign(heart.outlet, { fleet });
    const next = await reloaded(`[fleet]\nurl = "valkey://h"\n${DOMAINS}${CYRUS}stream = "two"\n`);
    expect(followed).toEqual([['two']]);
    expect(admitted).toEqual([{ access: next.config.fleet }]);
    expect(heart.cache.vouchers.only?.proof).toBe(proof);
  });
});

describe('of which streams of other daemons it hears', () => {
  const ALIASES = (): string => {
    writeFileSync(pathOf('aliases'), 'sales@example.net x\n');
    return `[backchannel.aliases]\ntype = "list"\nformat = "virtual"\nfile = "${pathOf('aliases')}"\n`;
  };
  const TWO = (): string =>
    `[fleet]\nurl = "valkey://h"\n[domains]\n"example.jp" = "cyrus"\n"example.net" = "aliases"\n${ALIASES()}[backchannel.other]\ntype = "lmtp"\nendpoint = "inet:24@h"\n${CYRUS}stream = "two"\n`;

  test('it is those that are named, and at the start nobody is let in whose access was not read', async () => {
    const config = await configured(TWO());
    heart = heartOf(config, log, () => undefined);
    const told: unknown[] = [];
    const fleet = {
      readAccess: () => Promise.resolve({}),
      admit: (admission: unknown) => void told.push(admission),
      follow: (names: ReadonlySet<string>) => void told.push([...names]),
      proofOf: () => undefined,
    };
    Object.assign(heart.outlet, { fleet });
    await putInForce(config, heart, undefined);
    expect(told).toEqual([['two']]);
  });

  test('without them each is believed by age alone', async () => {
    await started(TWO());
    const probe = heart.validator.route('example.jp');
    if (typeof probe !== 'object') throw new Error('no back-channel');
    expect(heart.cache.vouchers.of(probe).proof.describe()).toContain('age alone');
  });
});

test('a mailbox that the list shows as changed is told to other machines, and nobody waits for them', async () => {
  await started(`${DOMAINS}${CYRUS}`);
  const changed = vi.spyOn(heart.outlet, 'changed');
  clocks.at(-1)?.changed(ALICE);
  expect(changed.mock.calls).toEqual([[[ALICE], false]]);
});

describe('a start', () => {
  test('has room for the word of each back-channel, and of each set of them that shares a domain', async () => {
    // Every set of seven back-channels: 127.
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const sets = Array.from({ length: 2 ** names.length - 1 }, (_, i) =>
      names.filter((_name, bit) => ((i + 1) >> bit) % 2 === 1),
    );
    const domains = sets.map((set, i) => `"d${i}.test" = ${JSON.stringify(set)}\n`);
    const tables = names.map(
      (name) => `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "unix:/run/${name}/lmtp"\n`,
    );
    await started(`[domains]\n${domains.join('')}${tables.join('')}`);
    for (let i = 0; i < sets.length; i++) {
      remember(`alice@d${i}.test`);
      expect([i, answer(`alice@d${i}.test`)]).toEqual([i, 'OK']);
    }
  });

  test('takes lists of mailboxes into what is known', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    const begun = vi.spyOn(heart.validator, 'beginSnapshot');
    const source = {
      name: 'cyrus',
      canaries: [],
      covers: () => true,
      read: () => Promise.reject(new Error('not complete')),
      close: () => undefined,
    };
    heart.snapshots.reconfigure([source], 60_000);
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(1));
  });
});

describe('a reload keeps', () => {
  test('the back-channel that has not changed, and what it said', async () => {
    const { backchannels } = await started(`${DOMAINS}${CYRUS}`);
    remember(ALICE);
    const next = await reloaded(`[log]\nlevel = "debug"\n${DOMAINS}${CYRUS}`);
    expect(next.backchannels.probes).toEqual(backchannels.probes);
    expect(answer(ALICE)).toBe('OK');
  });

  test('everything, where the new configuration cannot be used', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    remember(ALICE);
    const route = heart.validator.route('example.jp');
    const broken = `[lookup]\nover_quota = "ok"\nalways_accept_file = "${pathOf('nosuch')}"\n${DOMAINS}${CYRUS}`;
    await expect(reloaded(broken)).rejects.toThrow(ConfigError);
    expect(heart.validator.route('example.jp')).toBe(route);
    expect(answer(ALICE)).toBe('OK');
    remember('full@example.jp', OVERQUOTA);
    expect(answer('full@example.jp')).toBe('TEMP');
  });
});

describe('what was in force before is not believed any more', () => {
  test('where another Cyrus has the domain now', async () => {
    await started(`${DOMAINS}${CYRUS}`);
    remember(ALICE);
    await reloaded(`${DOMAINS}${CYRUS.replace('/run/cyrus/lmtp', '/run/other/lmtp')}`);
    expect(answer(ALICE)).toBeUndefined();
  });
});

test('the clock of before is closed once nobody asks it any more', async () => {
  await started(`${DOMAINS}${CYRUS}`);
  const closed: unknown[] = [];
  const former = heart.validator.route('example.jp');
  vi.spyOn(heart.hostClock, 'configure').mockResolvedValue(() => {
    closed.push(heart.validator.route('example.jp') === former);
  });
  await reloaded(`${DOMAINS}${CYRUS.replace('/run/cyrus/lmtp', '/run/other/lmtp')}`);
  expect(closed).toEqual([false]);
});

test('before any configuration is in force nobody is asked', async () => {
  heart = heartOf(await configured(`${DOMAINS}${CYRUS}`), log, () => undefined);
  expect(heart.validator.route('example.jp')).toBe('unserved');
  expect(heart.outlet.proof).toBeUndefined();
});
