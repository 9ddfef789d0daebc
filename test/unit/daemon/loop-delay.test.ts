import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoopDelay } from '../../../src/daemon/loop-delay.js';

let lateMs: number;
let delay: LoopDelay;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  lateMs = 0;
  delay = new LoopDelay(() => performance.now() + lateMs);
});
afterEach(() => {
  delay.close();
  vi.useRealTimers();
});

test('a loop that is never late has no delay, nor has one that is early', async () => {
  expect(delay.worstSeconds).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  lateMs = -100;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(delay.worstSeconds).toBe(0);
});

test('the worst of the last quarter of a minute is told', async () => {
  lateMs = 250;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(delay.worstSeconds).toBe(0.25);
  // From now on each tick is as late as the one before, and so none is.
  await vi.advanceTimersByTimeAsync(14_000);
  expect(delay.worstSeconds).toBe(0.25);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(delay.worstSeconds).toBe(0);
});

test('a smaller delay does not hide a greater one', async () => {
  lateMs = 400;
  await vi.advanceTimersByTimeAsync(1_000);
  lateMs = 500;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(delay.worstSeconds).toBe(0.4);
});

test('a delay is told, though the ticks before it were in time', async () => {
  await vi.advanceTimersByTimeAsync(2_000);
  lateMs = 300;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(delay.worstSeconds).toBe(0.3);
});

test('after its end no timer is left', () => {
  delay.close();
  expect(vi.getTimerCount()).toBe(0);
});
