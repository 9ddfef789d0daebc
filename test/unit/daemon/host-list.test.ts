// Who reads the mailbox list for the clock: the directory, a reader of names, or nobody; and what the directory is given.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CyrusHost } from '../../../src/config/config.js';
import type { Clock } from '../../../src/cyrus/mailbox-list/clock.js';
import type { DirectoryParts } from '../../../src/cyrus/mailbox-list/directory.js';
import { openHostList } from '../../../src/daemon/host-list.js';
import { AGE } from '../../../src/validation/age-proof.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import type { Route } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { recordingLog } from '../recording-log.js';
import { CYRUS_HOST } from './cyrus-host.js';

const made = vi.hoisted((): { parts: DirectoryParts; beats: number }[] => []);
vi.mock('../../../src/cyrus/mailbox-list/directory.js', () => ({
  BEAT_MS: 100,
  Directory: class {
    readonly parts: DirectoryParts;
    beats = 0;
    constructor(parts: DirectoryParts) {
      this.parts = parts;
      made.push(this);
    }
    beat(): Promise<void> {
      this.beats += 1;
      return Promise.resolve();
    }
  },
}));

let probe: HandProbe;
let lines: object[];
let clock: Clock | undefined;

beforeEach(() => {
  made.splice(0);
  clock = undefined;
  probe = new HandProbe();
});
afterEach(() => void vi.useRealTimers());

function opened(host: Partial<CyrusHost>, wanted: boolean) {
  const recorded = recordingLog();
  lines = recorded.lines;
  const cache = new VerdictCache({ maxKnown: 10, maxNegative: 10 }, DEFAULT_BELIEF, 0);
  const route: Route = (domain) => (domain === 'example.jp' ? probe : 'unserved');
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject' as const,
    alwaysAccepts: () => false,
  };
  const validator = new Validator(cache, route, rules, () => 0);
  const parts = { validator, log: recorded.log, now: () => 0, clock: () => clock };
  return openHostList({ ...CYRUS_HOST, ...host }, wanted, parts);
}

const reasons = (): unknown[] => lines.map((line) => Object(line).reason as unknown);

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(`${key} is none`);
  return parsed.recipient;
}

describe('the list is read by nobody', () => {
  test.each<[string, Partial<CyrusHost>, string]>([
    ['where there is none', { list: undefined }, 'there is no list'],
    [
      'that can be read',
      { list: undefined, beyondList: ['mailboxes.db is a skiplist'] },
      'mailboxes.db is a skiplist',
    ],
    [
      'whose names are ours',
      { differences: ['post_user is another'], beyondList: ['sieve has a word'] },
      'post_user is another',
    ],
    ['where one mailbox takes what has none', { catchAll: true }, 'there is no list'],
  ])('%s, and that is told where the directory is wanted', async (_, host, reason) => {
    const list = await opened(host, true);
    expect([list.names, list.directory, reasons()]).toEqual([undefined, undefined, [reason]]);
    list.start();
    list.close();
    expect((await opened(host, false)).names).toBeUndefined();
    expect(lines).toEqual([]);
  });
});

describe('the list is read for the names that change', () => {
  test('where the directory is not wanted', async () => {
    for (const beyondList of [[], ['sieve has a word']]) {
      const list = await opened({ beyondList }, false);
      expect([list.names === undefined, list.directory, lines]).toEqual([false, undefined, []]);
    }
  });

  test('where more than the list decides, which is told', async () => {
    const list = await opened({ beyondList: ['sieve has a word'] }, true);
    expect([list.names === undefined, list.directory, reasons()]).toEqual([
      false,
      undefined,
      ['sieve has a word'],
    ]);
    expect(made).toEqual([]);
  });
});

describe('the directory', () => {
  test('reads the names itself, and tells of nothing', async () => {
    const { names, directory } = await opened({}, true);
    expect(names).toBe(directory);
    expect([made.length, lines]).toEqual([1, []]);
    expect(made[0]?.parts.rules()).toBe(DEFAULT_ADDRESS_RULES);
  });

  test('goes by the clock, and by age alone before there is one', async () => {
    await opened({}, true);
    const proof = (): unknown => made[0]?.parts.proof();
    expect(proof()).toBe(AGE);
    clock = Object.assign(Object.create(null), { floor: () => 5 });
    expect(proof()).toBe(clock);
  });

  test('asks who serves the domain, and is deferred where nobody does', async () => {
    await opened({}, true);
    const asked = made[0]?.parts.ask(recipient('alice@example.jp'), 77);
    expect(probe.questions).toMatchObject([{ address: 'alice@example.jp', deadline: 77 }]);
    probe.answer('alice@example.jp', DELIVERABLE);
    expect(await asked).toBe(DELIVERABLE);
    expect(await made[0]?.parts.ask(recipient('alice@example.net'), 77)).toMatchObject({ kind: 'deferred' });
    expect(probe.questions).toHaveLength(1);
  });

  test('lets others have their turn', async () => {
    await opened({}, true);
    const order: string[] = [];
    setImmediate(() => order.push('other'));
    await made[0]?.parts.pause();
    expect(order).toEqual(['other']);
  });

  test('begins with its start, and is looked after until its end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const list = await opened({}, true);
    const beats = (): number | undefined => made[0]?.beats;
    vi.advanceTimersByTime(1000);
    expect(beats()).toBe(0);
    list.start();
    expect(beats()).toBe(1);
    vi.advanceTimersByTime(300);
    expect(beats()).toBe(4);
    list.close();
    vi.advanceTimersByTime(1000);
    expect(beats()).toBe(4);
  });
});
