import { describe, expect, test } from 'vitest';
import { StallWatch } from '../../../src/socketmap/stall-watch.js';

const LIMIT_MS = 25_000;

class Rig {
  readonly stalls: number[] = [];
  readonly watch: StallWatch;
  /** The time of day stands still, unless it is set. */
  wall = 0;

  constructor(start: number) {
    const clocks = { now: () => start, wallClock: () => this.wall };
    this.watch = new StallWatch(clocks, LIMIT_MS, (ms) => this.stalls.push(ms));
  }
}

function watchFrom(start: number): Rig {
  return new Rig(start);
}

describe('StallWatch', () => {
  test('is silent while the loop turns', () => {
    const { watch, stalls } = watchFrom(0);
    for (let now = 0; now < 100_000; now += 1000) {
      watch.tick(now);
      expect(watch.check(now + 999)).toBe(false);
    }
    expect(stalls).toEqual([]);
  });

  test('notices a stall at the first check, before any tick', () => {
    const { watch, stalls } = watchFrom(0);
    watch.tick(1000);
    expect(watch.check(1000 + LIMIT_MS + 1)).toBe(true);
    expect(stalls).toEqual([LIMIT_MS + 1]);
  });

  test('notices a stall at the tick, where that comes first', () => {
    const { watch, stalls } = watchFrom(0);
    watch.tick(31_000);
    expect(stalls).toEqual([31_000]);
  });

  test('tells of a stall once', () => {
    const { watch, stalls } = watchFrom(0);
    expect(watch.check(31_000)).toBe(true);
    expect(watch.check(31_000)).toBe(false);
    watch.tick(31_001);
    expect(stalls).toHaveLength(1);
    watch.tick(70_000);
    expect(stalls).toEqual([31_000, 38_999]);
  });

  test('lets pass what just fits between Sendmail and the deadline of a lookup', () => {
    const { watch, stalls } = watchFrom(0);
    expect(watch.check(LIMIT_MS)).toBe(false);
    watch.tick(LIMIT_MS);
    expect(stalls).toEqual([]);
  });

  test('says that bytes read after a short stall may have come with its beginning', () => {
    const { watch } = watchFrom(0);
    watch.tick(1000);
    watch.tick(2000);
    expect(watch.arrivedSince).toBe(1000);
    watch.tick(20_000);
    expect(watch.arrivedSince).toBe(2000);
    watch.tick(21_000);
    expect(watch.arrivedSince).toBe(20_000);
  });

  test('begins anew after a stall', () => {
    const { watch } = watchFrom(0);
    watch.tick(40_000);
    expect(watch.arrivedSince).toBe(40_000);
    expect(watch.check(40_500)).toBe(false);
  });

  test('notices that a whole machine stood still, with its monotonic clock', () => {
    const rig = watchFrom(0);
    rig.watch.tick(1000);
    rig.wall += 40_000;
    expect(rig.watch.check(1001)).toBe(true);
    expect(rig.stalls).toEqual([40_000]);
    expect(rig.watch.runningSince).toBe(1001);
    rig.watch.tick(2000);
    expect(rig.watch.check(2001)).toBe(false);
  });

  test('takes no notice of a time of day that is set back, or forward by less than the limit', () => {
    const rig = watchFrom(0);
    for (const step of [-86_400_000, 20_000, -20_000, 24_000]) {
      rig.wall += step;
      expect(rig.watch.check(500)).toBe(false);
      rig.watch.tick(1000);
    }
    expect(rig.stalls).toEqual([]);
  });
});
