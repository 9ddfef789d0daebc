// The state file: what is saved comes back, and what is damaged in any way does not.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_ADDRESS_RULES } from '../../src/validation/recipient.js';
import { Validator } from '../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../src/validation/verdict-cache.js';
import { DELIVERABLE, OVERQUOTA, UNKNOWN } from '../../src/validation/verdict.js';
import type { Clocks } from '../../src/daemon/known-lines.js';
import { restoreKnown, saveKnown, WarmStart } from '../../src/daemon/warm-start.js';
import { HandProbe } from '../fakes/hand-probe.js';
import { recordingLog, temporaryFolder, turns, type Line } from './socketmap-rig.js';

const ALICE = 'alice@example.jp';
const WALL = 1_795_000_000_000;
const HOUR_MS = 3_600_000;

let folder: string;
let file: string;
/** The two clocks of the process that is running: the monotonic one begins anew in each. */
let time: { now: number; wall: number };
const clocks: Clocks = { now: () => time.now, wallClock: () => time.wall };

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'known');
  time = { now: 5_000_000, wall: WALL };
});

type Process = { readonly cache: VerdictCache; readonly validator: Validator };

function start(): Process {
  const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, time.now);
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject',
    alwaysAccepts: () => false,
  } as const;
  return { cache, validator: new Validator(cache, () => new HandProbe(), rules, clocks.now) };
}

async function saved(...mailboxes: string[]): Promise<Process> {
  const one = start();
  for (const mailbox of mailboxes) one.cache.remember(mailbox, DELIVERABLE, time.now);
  await saveKnown(file, one.cache, clocks);
  return one;
}

/** Another process, so much later. */
function later(ms: number): Process {
  time = { now: 100, wall: time.wall + ms };
  return start();
}

function restore({ validator }: Process) {
  return restoreKnown(file, validator.beginSnapshot(), clocks);
}

describe('what is saved', () => {
  test('comes back with its age, to be served only while Cyrus cannot be asked', async () => {
    await saved(ALICE);
    const next = later(HOUR_MS);
    expect(await restore(next)).toEqual({ kind: 'restored', mailboxes: 1 });
    expect(next.cache.believed(ALICE, time.now)).toBeUndefined();
    expect(next.cache.stale(ALICE, time.now)).toBe(true);
    expect(next.cache.stale(ALICE, time.now + 23 * HOUR_MS - 2000)).toBe(true);
    expect(next.cache.stale(ALICE, time.now + 23 * HOUR_MS)).toBe(false);
  });

  test('is what is deliverable: neither over quota nor denied', async () => {
    const { cache } = start();
    cache.remember('over@example.jp', OVERQUOTA, time.now);
    cache.remember('none@example.jp', UNKNOWN, time.now);
    cache.remember(ALICE, DELIVERABLE, time.now);
    cache.list('listed@example.jp', time.now);
    expect(await saveKnown(file, cache, clocks)).toBe(2);
    const next = later(0);
    await restore(next);
    expect(next.cache.knownMailboxes().sort()).toEqual([ALICE, 'listed@example.jp']);
  });

  test('comes back in the order of its use, so that the least used makes room', async () => {
    const users = Array.from({ length: 10 }, (_, i) => `u${i}@example.jp`);
    const { cache } = await saved(...users);
    const before = cache.knownMailboxes();
    const next = later(0);
    await restore(next);
    expect(next.cache.knownMailboxes()).toEqual(before);
  });

  test('grows no younger by being saved again and again', async () => {
    await saved(ALICE);
    for (let i = 0; i < 4; i++) {
      const next = later(HOUR_MS);
      await restore(next);
      await saveKnown(file, next.cache, clocks);
    }
    const last = later(20 * HOUR_MS);
    await restore(last);
    expect(last.cache.stale(ALICE, time.now)).toBe(false);
  });

  test('of a clock that was set back since is as old as this moment, and not younger', async () => {
    await saved(ALICE);
    const next = later(-100 * HOUR_MS);
    await restore(next);
    expect(next.cache.stale(ALICE, time.now)).toBe(true);
    expect(next.cache.stale(ALICE, time.now + 24 * HOUR_MS)).toBe(false);
  });

  test('is not taken where it is older than anything is served', async () => {
    await saved(ALICE);
    const next = later(40 * 24 * HOUR_MS);
    expect(await restore(next)).toMatchObject({ kind: 'restored' });
    expect(next.cache.knownSize).toBe(0);
  });

  test('of many thousands all comes back', async () => {
    const users = Array.from({ length: 12_345 }, (_, i) => `user-${i}@example.jp`);
    await saved(...users);
    const next = later(0);
    expect(await restore(next)).toEqual({ kind: 'restored', mailboxes: 12_345 });
    expect(next.cache.knownSize).toBe(12_345);
  });
});

describe('while it is read back', () => {
  test('what changes is not restored', async () => {
    await saved(ALICE, 'bob@example.jp');
    const next = later(0);
    const reading = restore(next);
    next.validator.forget(ALICE);
    expect(await reading).toEqual({ kind: 'restored', mailboxes: 1 });
    expect(next.cache.knownMailboxes()).toEqual(['bob@example.jp']);
  });

  test('nothing is restored once anything may have changed', async () => {
    await saved(ALICE);
    const next = later(0);
    const reading = restore(next);
    next.validator.forgetAll();
    expect(await reading).toEqual({ kind: 'restored', mailboxes: 0 });
  });

  test('what Cyrus has denied meanwhile is not restored', async () => {
    await saved(ALICE);
    const next = later(0);
    next.cache.remember(ALICE, UNKNOWN, time.now);
    await restore(next);
    expect(next.cache.stale(ALICE, time.now)).toBe(false);
  });
});

describe('the file', () => {
  test('is for its owner alone, whatever was there and whatever the umask is', async () => {
    writeFileSync(`${file}.new`, 'left by a process that was killed', { mode: 0o666 });
    chmodSync(`${file}.new`, 0o666);
    const umask = process.umask(0);
    try {
      await saved(ALICE);
    } finally {
      process.umask(umask);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['known']);
  });

  test('is replaced whole or not at all', async () => {
    await saved(ALICE);
    const before = readFileSync(file);
    const inode = statSync(file).ino;
    await saved(ALICE, 'bob@example.jp');
    expect(statSync(file).ino).not.toBe(inode);
    expect(readFileSync(file)).not.toEqual(before);
  });

  test('stays as it was where the new one cannot be written', async () => {
    const target = join(folder, 'taken');
    mkdirSync(target);
    writeFileSync(join(target, 'x'), '');
    await expect(saveKnown(target, start().cache, clocks)).rejects.toThrow(/is no regular file/);
    expect(existsSync(join(target, 'x'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});

describe('a file that cannot be used is ignored', () => {
  const damages: readonly (readonly [string, (text: string) => string, string])[] = [
    ['empty', () => '', 'does not begin with cyrusmapd-known 2'],
    ['foreign', () => '#!/bin/sh\nexit 0\n'.repeat(20), 'does not begin with cyrusmapd-known 2'],
    [
      'of another version',
      (text) => text.replace('known 2', 'known 1'),
      'does not begin with cyrusmapd-known 2',
    ],
    ['cut within a line', (text) => text.slice(0, -100), 'is cut off'],
    ['only its first line', (text) => text.slice(0, 'cyrusmapd-known 2\n'.length), 'is cut off'],
    ['longer than it was', (text) => `${text}1 bob@example.jp\n`, 'is cut off'],
    ['with a name changed', (text) => text.replace('alice', 'malice'), 'has a wrong checksum'],
    ['with a line gone', (text) => text.replace(/\d+ +alice@example.jp\n/, ''), 'has a wrong checksum'],
    ['with two of them', (text) => text + text, 'has a wrong checksum'],
  ];

  test.each(damages)('%s', async (_, damage, reason) => {
    await saved(ALICE, 'bob@example.jp');
    writeFileSync(file, damage(readFileSync(file, 'latin1')), 'latin1');
    const next = later(0);
    expect(await restore(next)).toEqual({ kind: 'damaged', reason });
    expect(next.cache.knownSize).toBe(0);
  });

  test('a folder, or one that may not be read', async () => {
    mkdirSync(file);
    expect(await restore(start())).toMatchObject({
      kind: 'damaged',
      reason: expect.stringContaining('is no regular file'),
    });
  });

  test('absent is no damage', async () => {
    expect(await restore(start())).toEqual({ kind: 'absent' });
  });

  test('one bit changed or one cut anywhere: nothing of it is restored', async () => {
    await saved(ALICE, 'bob@example.jp');
    const bytes = readFileSync(file);
    const next = later(0);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 8 }), async (at, bit) => {
        const damaged = bit === 8 ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (bit < 8) damaged[at] = (bytes[at] ?? 0) ^ (1 << bit);
        writeFileSync(file, damaged);
        expect(await restore(next)).toMatchObject({ kind: 'damaged' });
        expect(next.cache.knownSize).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the daemon’s part', () => {
  let lines: Line[];
  beforeEach(() => {
    lines = [];
  });

  function begin({ cache, validator }: Process, intervalMs = HOUR_MS): WarmStart {
    const made = WarmStart.begin(
      { stateFile: file, stateIntervalMs: intervalMs },
      { cache, validator, log: recordingLog(lines), clocks },
    );
    if (made === undefined) throw new Error('no warm start');
    return made;
  }

  function told(): string[] {
    return lines.map(({ level, message }) => `${level} ${String(message)}`);
  }

  test('without a file there is none', () => {
    const { cache, validator } = start();
    const parts = { cache, validator, log: recordingLog(lines), clocks };
    expect(WarmStart.begin({ stateFile: undefined, stateIntervalMs: 1 }, parts)).toBeUndefined();
  });

  test('restores at the start and saves at the end', async () => {
    await saved(ALICE);
    const next = later(HOUR_MS);
    const warmStart = begin(next);
    next.cache.remember('bob@example.jp', DELIVERABLE, time.now);
    await warmStart.end();
    expect(told()).toEqual(['info restored', 'debug saved']);
    const third = later(0);
    await restore(third);
    expect(third.cache.knownMailboxes().sort()).toEqual([ALICE, 'bob@example.jp']);
  });

  test('saves every few minutes', async () => {
    const process = start();
    const warmStart = begin(process, 10);
    process.cache.remember(ALICE, DELIVERABLE, time.now);
    while (!told().includes('debug saved')) await turns(1);
    expect(readFileSync(file, 'latin1')).toContain(ALICE);
    await warmStart.end();
  });

  test('tells of a damaged file in one line, and replaces it', async () => {
    writeFileSync(file, 'nonsense');
    const next = start();
    await begin(next).end();
    expect(told()).toEqual(['warn not-restored', 'debug saved']);
    expect(await restore(later(0))).toEqual({ kind: 'restored', mailboxes: 0 });
  });

  test('tells where it cannot save, and goes on', async () => {
    mkdirSync(file);
    await begin(start()).end();
    expect(told()).toEqual(['warn not-restored', 'error not-saved']);
  });
});
