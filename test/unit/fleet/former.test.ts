// How long Cyrus waits while this process publishes nothing yet, since another one did.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Former } from '../../../src/fleet/former.js';

const LEASE_MS = 1_000;

let former: Former;
beforeEach(() => {
  vi.useFakeTimers();
  former = new Former(LEASE_MS, () => performance.now());
});
afterEach(() => {
  vi.useRealTimers();
});

async function heldFor(): Promise<number> {
  const from = performance.now();
  let end: number | undefined;
  void (former.heard() ?? Promise.resolve()).then(() => (end = performance.now()));
  while (end === undefined) await vi.advanceTimersByTimeAsync(1);
  return end - from;
}

test('for what is left of a lease since changes come here, though they are read late', async () => {
  former.replaced();
  await vi.advanceTimersByTimeAsync(300);
  expect(await heldFor()).toBeLessThanOrEqual(LEASE_MS - 300);
});

test('for a lease from the first change, where it is not known since when they come, and then not at all', async () => {
  expect(await heldFor()).toBeGreaterThanOrEqual(LEASE_MS);
  expect(former.heard()).toBeUndefined();
});

test('changes come here since the first time that it was said', async () => {
  const since = former.replaced();
  await vi.advanceTimersByTimeAsync(300);
  expect(former.replaced()).toBe(since);
});
