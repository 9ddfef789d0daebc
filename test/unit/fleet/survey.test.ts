// What doctor learns of a Valkey, which is played here: the rights by the lines of docs/several-machines.md, the beacons by the
// minute hand of a clock.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeBeacon } from '../../../src/fleet/entry-codec.js';
import type { Command, Reply, Visit } from '../../../src/fleet/store.js';
import { surveyFleet, type StreamOfOurs } from '../../../src/fleet/survey.js';

const PAGE = readFileSync(new URL('../../../docs/several-machines.md', import.meta.url), 'utf8');
const ROLES = { publisher: 'publish', follower: 'follow' } as const;
const NAMES = ['publisher', 'follower'] as const;

/** The commands that its line in the ACL permits. */
function rightsOf(role: StreamOfOurs['role']): string[] {
  const line = new RegExp(`^user cyrusmapd-${ROLES[role]} .*$`, 'm').exec(PAGE)?.[0] ?? '';
  return [...line.matchAll(/\+([\w|]+)/g)].map(([, name = '']) => name);
}

function beacon(instance: number, answers = 7, leaseMs = 1_000): string {
  const rules = '0123456789abcdef';
  const parts = { answers, seq: 3, lastId: '5-0', leaseMs, exact: true, rules };
  return encodeBeacon({ instance: String(instance).padStart(16, '0'), ...parts });
}

/** A Valkey with one user, and the beacon of one stream. */
class FakeVisit implements Visit {
  ms = 0;
  readonly commands: Command[] = [];

  readonly #rights: ReadonlySet<string>;
  readonly #beaconAt: (ms: number) => string | null;
  readonly #trouble: string | undefined;

  constructor(
    rights: ReadonlySet<string>,
    beaconAt: (ms: number) => string | null = () => beacon(1),
    trouble?: string,
  ) {
    this.#rights = rights;
    this.#beaconAt = beaconAt;
    this.#trouble = trouble;
  }

  ask(commands: readonly Command[]): Promise<readonly Reply[]> {
    this.commands.push(...commands);
    return Promise.resolve(commands.map((command) => this.#answer(command)));
  }

  close(): void {
    // Nothing is open.
  }

  #answer([name, key, id]: Command): Reply {
    const error = (text: string): Reply => ({ error: text, value: undefined });
    if (this.#trouble !== undefined) return error(this.#trouble);
    if (!this.#rights.has(name))
      return error(`NOPERM User x has no permissions to run the '${name}' command`);
    if (name === 'set') return error('ERR syntax error');
    if (name === 'xadd' && id === '0-0')
      return error('ERR The ID specified in XADD must be greater than 0-0');
    if (name === 'get' && String(key).endsWith(':beacon'))
      return { error: undefined, value: this.#beaconAt(this.ms) };
    return { error: undefined, value: name === 'get' || name === 'incr' ? '7' : 0 };
  }
}

function survey(visit: FakeVisit, role: StreamOfOurs['role']) {
  return surveyFleet(visit, [{ name: 'cyrus', role }], {
    now: () => visit.ms,
    pause: (ms) => Promise.resolve((visit.ms += ms)),
  });
}

const FULL = {
  publisher: new Set(rightsOf('publisher')),
  follower: new Set(rightsOf('follower')),
};

async function standing(role: StreamOfOurs['role'], beaconAt: (ms: number) => string | null) {
  const { streams } = await survey(new FakeVisit(FULL[role], beaconAt), role);
  return streams.map((each) => each.standing);
}

describe('the rights of our user', () => {
  test.each(NAMES)('are those that the page gives a %s: none is missing, none is too many', async (role) => {
    expect(await survey(new FakeVisit(FULL[role]), role)).toEqual({
      denied: [],
      excess: [],
      streams: [{ name: 'cyrus', role, standing: 'heard' }],
    });
  });

  const each = NAMES.flatMap((role) => rightsOf(role).map((right) => ({ role, right })));
  test.each(each)('are missed one by one: $right of a $role', async ({ role, right }) => {
    const rights = new Set([...FULL[role]].filter((name) => name !== right));
    const { denied, streams } = await survey(new FakeVisit(rights), role);
    expect(new Set(denied.map((said) => said.split(' ')[0]))).toEqual(new Set([right.toUpperCase()]));
    expect(denied[0]).toMatch(
      / cyrusmapd:\{cyrus\}:(?:stream|beacon|questions|followers:doctor|acknowledgements)$/,
    );
    // That one is asked last.
    expect(streams.length).toBe(right === 'subscribe' ? 1 : 0);
  });

  test('are too many where what nobody needs is answered', async () => {
    const { denied, excess } = await survey(
      new FakeVisit(new Set([...FULL.publisher, 'dbsize'])),
      'publisher',
    );
    expect({ denied, excess }).toEqual({ denied: [], excess: ['DBSIZE'] });
  });

  test('are too many where a follower could write the beacon', async () => {
    const { excess } = await survey(new FakeVisit(new Set([...FULL.follower, 'set'])), 'follower');
    expect(excess).toEqual(['SET cyrusmapd:{cyrus}:beacon']);
  });
});

describe('what is asked', () => {
  test.each(NAMES)('as a %s changes nothing but the number of questions', async (role) => {
    const visit = new FakeVisit(new Set([...FULL[role], 'dbsize']));
    await survey(visit, role);
    const readers = ['get', 'xread', 'zcard', 'zrange', 'dbsize', 'subscribe'];
    const writers = visit.commands.filter(([name]) => !readers.includes(name));
    const harmless = ([name, key, ...words]: Command): boolean =>
      name === 'incr' ||
      // Nothing is said by it.
      (name === 'publish' && words[0] === '') ||
      String(key).endsWith(':followers:doctor') ||
      (name === 'set' && words.includes('NX') && words.includes('XX')) ||
      (name === 'xadd' && words[0] === '0-0');
    expect(writers.length).toBeGreaterThan(1);
    expect(writers.filter((command) => !harmless(command))).toEqual([]);
    // Without XX a list of followers would be made.
    expect(writers.filter(([name, , word]) => name === 'zadd' && word !== 'XX')).toEqual([]);
  });

  test.each([
    'LOADING Valkey is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    "ERR unknown command 'xread'",
  ])('and answered by %j is of no use', async (trouble) => {
    await expect(survey(new FakeVisit(FULL.follower, undefined, trouble), 'follower')).rejects.toThrow(
      trouble,
    );
  });
});

describe('a publisher', () => {
  test.each(NAMES)('is heard by a %s, also where it was restarted meanwhile', async (role) => {
    expect(await standing(role, (ms) => beacon(ms < 400 ? 1 : 2))).toEqual(['heard']);
  });

  test.each(NAMES)('is not heard by a %s without a beacon, or by one of another release', async (role) => {
    expect(await standing(role, () => null)).toEqual(['silent']);
    expect(await standing(role, () => `2 ${beacon(1)}`)).toEqual(['silent']);
  });

  test('is not heard by a follower whose question it does not answer', async () => {
    expect(await standing('follower', () => beacon(1, 6))).toEqual(['silent']);
    expect(await standing('follower', (ms) => beacon(1, ms < 900 ? 6 : 7))).toEqual(['heard']);
  });

  test.each(NAMES)(
    'is one of two, where a %s sees the number of the one again after the other',
    async (role) => {
      expect(await standing(role, (ms) => beacon(ms % 200 < 180 ? 1 : 2))).toEqual(['contested']);
    },
  );

  test('is looked at for one of its leases, ten seconds at most', async () => {
    const long = new FakeVisit(FULL.publisher, () => beacon(1, 7, 5_000));
    await survey(long, 'publisher');
    expect(long.ms).toBe(5_000);
    const forged = new FakeVisit(FULL.publisher, () => beacon(1, 7, 999_999));
    await survey(forged, 'publisher');
    expect(forged.ms).toBe(10_000);
  });
});
