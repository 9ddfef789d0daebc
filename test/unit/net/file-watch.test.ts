import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileWatch, LOOK_MS, stateOf } from '../../../src/net/file-watch.js';

let folder: string;
let told: number;
let watch: FileWatch;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-watch-'));
  told = 0;
  watch = new FileWatch(() => void (told += 1));
});
afterEach(() => {
  watch.close();
  rmSync(folder, { recursive: true, force: true });
});

async function watchAll(...names: readonly string[]): Promise<void> {
  const states = names.map(async (name) => [at(name), await stateOf(at(name))] as const);
  watch.watch(new Map(await Promise.all(states)));
}

test('tells once of a file that changed and stood still from one look to the next', async () => {
  writeFileSync(at('a'), 'one');
  await watchAll('a');
  await watch.look();
  writeFileSync(at('a'), 'two');
  await watch.look();
  expect(told).toBe(0);
  await watch.look();
  await watch.look();
  expect(told).toBe(1);
});

test.each([
  ['a time that was set back', () => utimesSync(at('a'), 1, 1)],
  ['another mode', () => chmodSync(at('a'), 0o600)],
])('sees %s', async (_, change) => {
  writeFileSync(at('a'), 'one', { mode: 0o644 });
  await watchAll('a');
  change();
  await watch.look();
  await watch.look();
  expect(told).toBe(1);
});

test('waits while any of them is being written: a key follows its certificate', async () => {
  writeFileSync(at('a'), 'one');
  writeFileSync(at('b'), 'one');
  await watchAll('a', 'b');
  writeFileSync(at('a'), 'two');
  await watch.look();
  writeFileSync(at('b'), 'two');
  await watch.look();
  expect(told).toBe(0);
  await watch.look();
  expect(told).toBe(1);
});

test('keeps still of a file that is gone, and tells when it came back', async () => {
  writeFileSync(at('a'), 'one');
  await watchAll('a');
  rmSync(at('a'));
  await watch.look();
  await watch.look();
  expect(told).toBe(0);
  writeFileSync(at('a'), 'one');
  await watch.look();
  await watch.look();
  expect(told).toBe(1);
});

test('compares with the file as it was read, not as it first saw it', async () => {
  writeFileSync(at('a'), 'one');
  const read = await stateOf(at('a'));
  writeFileSync(at('a'), 'changed');
  watch.watch(new Map([[at('a'), read]]));
  await watch.look();
  await watch.look();
  expect(told).toBe(1);
});

test('looks once a second, and not any more once it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await watchAll('a');
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(LOOK_MS);
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
