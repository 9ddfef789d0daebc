import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Drips, type Dripping } from '../../../src/socketmap/drips.js';

const NOW = 1000;

class Reader implements Dripping {
  readonly read: number[] = [];
  readAgain(now: number): void {
    this.read.push(now);
  }
}

function drips(): Drips {
  return new Drips(() => NOW);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a connection that sends tiny pieces', () => {
  test.each([
    [0, 5],
    [1, 55],
    [2, 105],
    [3, 205],
    [4, 405],
    [5, 805],
    [1000, 805],
  ])('with %i of them is read again after %i ms at most, and once', (pieces, ms) => {
    const reader = new Reader();
    const all = drips();
    all.add(reader, pieces);
    vi.advanceTimersByTime(Math.max(0, ms - 6));
    expect([reader.read, all.size]).toEqual([[], 1]);
    vi.advanceTimersByTime(6);
    expect([reader.read, all.size]).toEqual([[NOW], 0]);
    vi.advanceTimersByTime(2000);
    expect(reader.read).toEqual([NOW]);
  });

  test('is not read again when it has closed meanwhile', () => {
    const reader = new Reader();
    const all = drips();
    all.add(reader, 1);
    all.delete(reader);
    all.delete(reader);
    vi.advanceTimersByTime(2000);
    expect([reader.read, all.size]).toEqual([[], 0]);
  });
});

describe('where thousands do', () => {
  test('only so many are read in a moment, those first that are due first', () => {
    const all = drips();
    const slow = Array.from({ length: 20 }, () => new Reader());
    const fast = Array.from({ length: 20 }, () => new Reader());
    for (const reader of slow) all.add(reader, 2);
    vi.advanceTimersByTime(60);
    for (const reader of fast) all.add(reader, 1);
    const read = (readers: readonly Reader[]) => readers.filter((reader) => reader.read.length > 0).length;
    vi.advanceTimersByTime(200);
    expect([read(slow), read(fast)]).toEqual([20, 20]);
    for (const reader of slow) all.add(reader, 0);
    for (const reader of fast) all.add(reader, 0);
    vi.advanceTimersByTime(5);
    expect(all.size).toBe(15);
    vi.advanceTimersByTime(5);
    expect(all.size).toBe(0);
  });

  test('no timer runs when none is left', () => {
    const all = drips();
    all.add(new Reader(), 1);
    expect(vi.getTimerCount()).toBe(1);
    all.add(new Reader(), 1);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });
});
