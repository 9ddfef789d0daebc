import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/socketmap/limits.js';
import { OwedReplies } from '../../../src/socketmap/owed-replies.js';

let owed: OwedReplies;
beforeEach(() => {
  owed = new OwedReplies();
});

describe('the replies that are owed', () => {
  test('are given in the order of their requests, each once', () => {
    const [first, second, third] = [owed.add(1, 10), owed.add(2, 10), owed.add(3, 10)];
    third.frame = '3';
    second.frame = '2';
    expect(owed.take()).toBe('');
    expect(owed.size).toBe(3);
    first.frame = '1';
    expect(owed.take()).toBe('123');
    expect(owed.take()).toBe('');
    expect(owed.size).toBe(0);
  });

  test('wait behind the first that is not there, also those that were there at once', () => {
    owed.add(1, 10, '1');
    const second = owed.add(2, 10);
    owed.add(3, 10, '3');
    expect(owed.take()).toBe('1');
    expect(owed.size).toBe(2);
    second.frame = '2';
    expect(owed.take()).toBe('23');
  });

  test('are as old as the first of them', () => {
    expect([owed.earliest, owed.due]).toEqual([undefined, false]);
    owed.add(5, 10, '1');
    owed.add(7, 10);
    expect(owed.earliest).toBe(5);
    owed.take();
    expect(owed.earliest).toBe(7);
  });
});

describe('no more is read', () => {
  const limits = { ...DEFAULT_LIMITS, maxWaiting: 3, maxWaitingBytes: 100, maxAskedBytes: 1000 };

  test('where as many wait as may', () => {
    for (let i = 0; i < 2; i++) owed.add(1, 10, 'x');
    expect(owed.isFull({ limits, askedBytes: 0 })).toBe(false);
    owed.add(1, 10, 'x');
    expect(owed.isFull({ limits, askedBytes: 0 })).toBe(true);
  });

  test('where as many bytes wait as may, until they are answered', () => {
    const bytesOnly = { limits: { ...limits, maxWaiting: 10 }, askedBytes: 0 };
    owed.add(1, 60, 'x');
    owed.add(2, 39);
    expect(owed.isFull(bytesOnly)).toBe(false);
    owed.add(3, 1);
    expect(owed.isFull(bytesOnly)).toBe(true);
    owed.take();
    expect(owed.isFull(bytesOnly)).toBe(false);
    owed.add(4, 60);
    expect(owed.isFull(bytesOnly)).toBe(true);
  });

  test('where all connections together have as much as may be', () => {
    expect(owed.isFull({ limits, askedBytes: 999 })).toBe(false);
    expect(owed.isFull({ limits, askedBytes: 1000 })).toBe(true);
  });
});
