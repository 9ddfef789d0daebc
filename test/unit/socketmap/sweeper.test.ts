import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Sweeper } from '../../../src/socketmap/sweeper.js';

class Rig {
  now = 5000;
  swept = 0;
  readonly all = new Map<number, { sweep: (now: number) => void }>();
  readonly sweeper = new Sweeper(this.all, () => this.now);

  constructor(size: number) {
    for (let i = 0; i < size; i++) this.add(i);
  }

  add(i: number): void {
    this.all.set(i, {
      sweep: (now) => {
        this.swept += now === this.now ? 1 : 0;
      },
    });
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a sweep', () => {
  test.each([0, 1, 200])('of %i connections is done at once', (size) => {
    const rig = new Rig(size);
    rig.sweeper.begin();
    expect([rig.swept, vi.getTimerCount()]).toEqual([size, 0]);
  });

  test('of thousands is done in slices, each of them once, within a second', () => {
    const rig = new Rig(20_000);
    rig.sweeper.begin();
    expect(rig.swept).toBe(0);
    vi.advanceTimersByTime(9);
    expect(rig.swept).toBe(200);
    vi.advanceTimersByTime(450);
    expect(rig.swept).toBe(10_200);
    vi.advanceTimersByTime(541);
    expect([rig.swept, vi.getTimerCount()]).toEqual([20_000, 0]);
  });

  test('that was not done within its second is done before the next begins', () => {
    const rig = new Rig(1000);
    rig.sweeper.begin();
    rig.sweeper.begin();
    expect(rig.swept).toBe(1000);
    rig.sweeper.finish();
    expect([rig.swept, vi.getTimerCount()]).toEqual([2000, 0]);
  });

  test('ends with the server', () => {
    const rig = new Rig(1000);
    rig.sweeper.begin();
    rig.sweeper.stop();
    rig.sweeper.finish();
    expect([rig.swept, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
