import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLog, type Log } from '../../../src/log/log.js';
import { SNAPSHOT_PAUSE_MS, Snapshots, type SnapshotSource } from '../../../src/snapshots/snapshots.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const INTERVAL_MS = 900_000;
const ALICE = 'alice@example.jp';
const BOB = 'bob@example.jp';

/** Lists by hand. */
class HandSource implements SnapshotSource {
  readonly name: string;
  canaries: readonly string[] = [];
  closed = false;
  /** Lists that were begun. */
  lists = 0;
  #take: (mailbox: string) => void = () => undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(name = 'imap') {
    this.name = name;
  }

  covers(mailbox: string): boolean {
    return mailbox.endsWith('@example.jp');
  }

  read(take: (mailbox: string) => void): Promise<void> {
    this.lists += 1;
    this.#take = take;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  give(...mailboxes: string[]): void {
    for (const mailbox of mailboxes) this.#take(mailbox);
  }

  async end(...mailboxes: string[]): Promise<void> {
    this.give(...mailboxes);
    this.#resolve();
    await settle();
  }

  async fail(message = 'no connection'): Promise<void> {
    this.#reject(new Error(message));
    await settle();
  }

  close(): void {
    this.closed = true;
  }
}

let source: HandSource;
let cache: VerdictCache;
let validator: Validator;
let snapshots: Snapshots;
let lines: string[];

const at =
  (level: string) =>
  (fields: object): void =>
    void lines.push([level, Object(fields).event, Object(fields).error].filter(Boolean).join(' '));
const log: Log = { ...silentLog, info: at('info'), warn: at('warn'), error: at('error') };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  lines = [];
  source = new HandSource();
  build();
});

afterEach(() => {
  snapshots.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function build(maxKnown = 100): void {
  cache = new VerdictCache({ maxKnown, maxNegative: 100 }, DEFAULT_BELIEF, now());
  const rules = { deadlineMs: 5000, eightBit: 'reject', alwaysAccepts: () => false } as const;
  validator = new Validator(cache, () => new HandProbe(), { address: DEFAULT_ADDRESS_RULES, ...rules }, now);
}

async function begin(...sources: SnapshotSource[]): Promise<void> {
  const parts = { beginSnapshot: () => validator.beginSnapshot(), log, now };
  snapshots = new Snapshots(parts);
  snapshots.reconfigure(sources.length === 0 ? [source] : sources, INTERVAL_MS);
  await settle();
}

function now(): number {
  return performance.now();
}

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

function known(mailbox: string): boolean {
  return cache.believed(mailbox, now()) !== undefined;
}

describe('when all mailboxes are listed', () => {
  test('at the start, and each interval', async () => {
    await begin();
    expect(source.lists).toBe(1);
    await source.end(ALICE);
    await settle(INTERVAL_MS - 1);
    expect(source.lists).toBe(1);
    await settle(1);
    expect(source.lists).toBe(2);
    await source.end(ALICE);
    expect(lines).toEqual(['info listed', 'info listed']);
  });

  test('the interval is from start to start, and no list begins before the last has ended', async () => {
    await begin();
    await settle(2 * INTERVAL_MS);
    expect(source.lists).toBe(1);
    await source.end(ALICE);
    expect(source.lists).toBe(2);
    await source.end(ALICE);
  });

  test('at once after a gap, but not more often than each ten seconds', async () => {
    await begin();
    await source.end(ALICE);
    await settle(SNAPSHOT_PAUSE_MS);
    snapshots.soon();
    await settle();
    expect(source.lists).toBe(2);
    await source.end(ALICE);
    for (let i = 0; i < 1000; i++) snapshots.soon();
    await settle(SNAPSHOT_PAUSE_MS - 1);
    expect(source.lists).toBe(2);
    await settle(1);
    expect(source.lists).toBe(3);
    await source.end(ALICE);
    await settle(INTERVAL_MS - 1);
    expect(source.lists).toBe(3);
  });

  test('once more where the gap came while one was read', async () => {
    await begin();
    snapshots.soon();
    await source.end(ALICE);
    await settle(SNAPSHOT_PAUSE_MS);
    expect(source.lists).toBe(2);
    await source.end(ALICE);
  });

  test('once more where everything was forgotten while one was read', async () => {
    await begin();
    validator.forgetAll();
    await source.end(ALICE);
    expect(known(ALICE)).toBe(false);
    await settle(SNAPSHOT_PAUSE_MS);
    expect(source.lists).toBe(2);
    await source.end(ALICE);
    expect(known(ALICE)).toBe(true);
  });

  test('of several sources one after the other', async () => {
    const second = new HandSource('second');
    await begin(source, second);
    expect([source.lists, second.lists]).toEqual([1, 0]);
    await source.end(ALICE);
    expect(second.lists).toBe(1);
    await second.end(ALICE);
  });

  test('never without a source', async () => {
    const parts = { beginSnapshot: () => validator.beginSnapshot(), log, now };
    snapshots = new Snapshots(parts);
    snapshots.soon();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a list', () => {
  test('makes each mailbox known as it comes', async () => {
    await begin();
    source.give(ALICE);
    expect(known(ALICE)).toBe(true);
    await source.end();
  });

  test('forgets who is not in it', async () => {
    cache.remember(BOB, DELIVERABLE, now());
    cache.remember('carol@example.net', DELIVERABLE, now());
    await settle(1000);
    await begin();
    await source.end(ALICE);
    expect([known(ALICE), known(BOB), known('carol@example.net')]).toEqual([true, false, true]);
    expect(cache.stale(BOB, now())).toBe(false);
  });

  test('larger than the store fills it, pushes nobody out, and is told', async () => {
    build(100);
    cache.remember(BOB, DELIVERABLE, now());
    await begin();
    await source.end(...Array.from({ length: 200 }, (_, i) => `u${i}@example.jp`), BOB);
    expect(cache.knownSize).toBe(100);
    expect(known(BOB)).toBe(true);
    expect(lines).toEqual(['info listed', 'warn listed-in-part']);
  });
});

describe('a list that is not whole', () => {
  beforeEach(async () => {
    cache.remember(BOB, DELIVERABLE, now());
    await settle(1000);
  });

  test('forgets nobody, is told once, and is tried again', async () => {
    await begin();
    source.give(ALICE);
    await source.fail();
    expect([known(ALICE), known(BOB)]).toEqual([true, true]);
    await settle(SNAPSHOT_PAUSE_MS);
    expect(source.lists).toBe(2);
    await source.fail();
    await settle(SNAPSHOT_PAUSE_MS);
    await source.end(ALICE);
    await settle(INTERVAL_MS);
    await source.fail();
    expect(lines).toEqual([
      'error not-listed no connection',
      'info listed',
      'error not-listed no connection',
    ]);
  });

  test('neither is one without any mailbox', async () => {
    await begin();
    await source.end();
    expect(known(BOB)).toBe(true);
    expect(lines).toEqual(['error not-listed no mailbox is listed']);
  });

  test('nor one without the canary', async () => {
    source.canaries = ['canary@example.jp', ALICE];
    await begin();
    await source.end(ALICE);
    expect(known(BOB)).toBe(true);
    expect(lines).toEqual(['error not-listed the canary canary@example.jp is not listed']);
    await settle(SNAPSHOT_PAUSE_MS);
    await source.end(ALICE, 'canary@example.jp');
    expect(known(BOB)).toBe(false);
  });

  test('a canary elsewhere is not looked for', async () => {
    source.canaries = ['canary@example.net'];
    await begin();
    await source.end(ALICE);
    expect(lines).toEqual(['info listed']);
  });

  test('one that fails does not keep the others from being read', async () => {
    const second = new HandSource('second');
    await begin(source, second);
    await source.fail();
    expect(second.lists).toBe(1);
    await second.end(ALICE);
  });
});

describe('another configuration', () => {
  test('is listed soon; sources that are no more are closed', async () => {
    await begin();
    await source.end(ALICE);
    const other = new HandSource('other');
    snapshots.reconfigure([other], INTERVAL_MS);
    expect(source.closed).toBe(true);
    await settle(SNAPSHOT_PAUSE_MS);
    expect([source.lists, other.lists]).toEqual([1, 1]);
    await other.end(ALICE);
  });

  test('the end of a source that is read no more is not told', async () => {
    await begin();
    snapshots.reconfigure([], INTERVAL_MS);
    await source.fail('connection closed');
    expect(lines).toEqual([]);
    await settle(INTERVAL_MS);
    expect(source.lists).toBe(1);
  });
});

test('after the end nothing is listed, and nothing told', async () => {
  await begin();
  snapshots.close();
  expect(source.closed).toBe(true);
  await source.fail('connection closed');
  snapshots.soon();
  await settle(INTERVAL_MS);
  expect([source.lists, lines]).toEqual([1, []]);
});
