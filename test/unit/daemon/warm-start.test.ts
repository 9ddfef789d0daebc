// The file of the known mailboxes: what the log tells of it, when it is left to another process, and what a failure leaves behind.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { restoreKnown, saveKnown, WarmStart } from '../../../src/daemon/warm-start.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { recordingLog } from '../recording-log.js';

const clocks = { now: () => 1000, wallClock: () => 1_795_000_000_000 };

let folder: string;
let file: string;
let cache: VerdictCache;
let validator: Validator;
let lines: object[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-'));
  file = join(folder, 'known');
  start();
  cache.remember('alice@example.jp', DELIVERABLE, 1000);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** As a process that knows nothing yet. */
function start(): void {
  cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, 0);
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject' as const,
    alwaysAccepts: () => false,
  };
  validator = new Validator(cache, () => new HandProbe(), rules, clocks.now);
}

function begin(restored?: Promise<void>): WarmStart {
  const recorded = recordingLog();
  lines = recorded.lines;
  const made = WarmStart.begin(
    { stateFile: file, stateIntervalMs: 3_600_000 },
    { cache, validator, log: recorded.log, clocks },
    restored,
  );
  if (made === undefined) throw new Error('no warm start');
  return made;
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

describe('the log tells', () => {
  test('how many were saved, and how many read back, in which file', async () => {
    await begin().end();
    expect(lines).toMatchObject([{ event: 'saved', file, mailboxes: 1 }]);
    start();
    await begin().end();
    expect(lines).toMatchObject([
      { event: 'restored', file, mailboxes: 1 },
      { event: 'saved', file, mailboxes: 1 },
    ]);
  });

  test('why one could not be read back, and why one could not be saved', async () => {
    writeFileSync(file, 'nonsense');
    await begin().end();
    expect(lines[0]).toMatchObject({
      event: 'not-restored',
      file,
      reason: 'does not begin with cyrusmapd-known 2',
    });
    file = join(folder, 'nosuch', 'known');
    await begin().end();
    expect(lines).toMatchObject([
      { event: 'not-saved', file, error: expect.stringContaining('ENOENT') as string },
    ]);
  });
});

describe('while another process has the file', () => {
  test('nothing is saved, until it is ours again', async () => {
    const warmStart = begin();
    await warmStart.suspend();
    await warmStart.end();
    expect([existsSync(file), lines]).toEqual([false, []]);
    warmStart.resume();
    await warmStart.end();
    expect(existsSync(file)).toBe(true);
  });

  test('its end of writing is awaited', async () => {
    let restored = (): void => undefined;
    const warmStart = begin(new Promise((resolve) => (restored = resolve)));
    let isOver = false;
    const suspended = warmStart.suspend().then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    restored();
    expect(await suspended).toBe(true);
  });
});

describe('a failure', () => {
  test('while it is saved leaves the former file, and nothing else', async () => {
    await saveKnown(file, cache, clocks);
    const before = readFileSync(file, 'latin1');
    const open = openFiles();
    vi.spyOn(cache, 'knownMailboxes').mockImplementation(() => {
      throw new Error('a mistake of ours');
    });
    await expect(saveKnown(file, cache, clocks)).rejects.toThrow('a mistake of ours');
    expect([readdirSync(folder), readFileSync(file, 'latin1')]).toEqual([['known'], before]);
    expect(openFiles()).toBe(open);
  });

  test('while it is read is told, and is not taken for a file that is not there', async () => {
    writeFileSync(file, '');
    const restored = await restoreKnown(join(file, 'x'), validator.beginSnapshot(), clocks);
    expect(restored).toEqual({ kind: 'damaged', reason: expect.stringContaining('ENOTDIR') as string });
  });

  test('or none: what was opened for reading is closed, and what it would know is let go', async () => {
    await saveKnown(file, cache, clocks);
    const open = openFiles();
    for (const path of [file, join(folder, 'nosuch')]) {
      const snapshot = validator.beginSnapshot();
      const abandoned = vi.spyOn(snapshot, 'abandon');
      await restoreKnown(path, snapshot, clocks);
      expect(abandoned).toHaveBeenCalledTimes(1);
    }
    expect(openFiles()).toBe(open);
  });
});
