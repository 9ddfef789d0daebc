import { describe, expect, test } from 'vitest';
import { ShardedLru } from '../../../src/validation/sharded-lru.js';

function names(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `u${String(from + i).padStart(7, '0')}@example.jp`);
}

describe('a small one', () => {
  test('keeps so many, and those used last', () => {
    const store = new ShardedLru(2);
    store.set('a', 1);
    store.set('b', 2);
    expect([store.get('a'), store.isFullFor('c')]).toEqual([1, true]);
    store.set('c', 3);
    expect([store.get('a'), store.get('b'), store.get('c')]).toEqual([1, undefined, 3]);
    expect(store.keys()).toEqual(['c', 'a']);
    expect(store.size).toBe(2);
  });

  test('peeks without using', () => {
    const store = new ShardedLru(2);
    store.set('a', 1);
    store.set('b', 2);
    expect([store.peek('a'), store.has('a')]).toEqual([1, true]);
    store.set('c', 3);
    expect(store.has('a')).toBe(false);
  });

  test('counts what others pushed out, and nothing else', () => {
    const store = new ShardedLru(2);
    for (const name of ['a', 'b', 'a']) store.set(name, 1);
    expect(store.evictions).toBe(0);
    store.set('c', 1);
    expect(store.evictions).toBe(1);
  });

  test('has no names before the first comes, nor when it was cleared', () => {
    const store = new ShardedLru(2);
    expect([store.keys(), store.isEmpty]).toEqual([[], true]);
    store.set('a', 1);
    expect([store.keys(), store.isEmpty]).toEqual([['a'], false]);
    store.clear();
    expect([store.keys(), store.isEmpty]).toEqual([[], true]);
  });

  test('finds a name that was missing when it was looked for last', () => {
    const store = new ShardedLru(2);
    expect([store.get('a'), store.get('a')]).toEqual([undefined, undefined]);
    store.set('a', 1);
    expect(store.get('a')).toBe(1);
    store.delete('a');
    expect([store.get('a'), store.get('a')]).toEqual([undefined, undefined]);
  });

  test('forgets', () => {
    const store = new ShardedLru(2);
    store.set('a', 1);
    store.set('b', 2);
    store.delete('a');
    expect(store.keys()).toEqual(['b']);
    store.clear();
    expect(store.size).toBe(0);
  });
});

describe('a large one', () => {
  const MAX = 40_000;

  test('holds as many as it should, of whatever alike names', () => {
    const store = new ShardedLru(MAX);
    names(MAX).forEach((name, i) => store.set(name, i));
    expect(store.size).toBe(MAX);
    expect(names(MAX).every((name, i) => store.get(name) === i)).toBe(true);
  });

  test('holds hardly more', () => {
    const store = new ShardedLru(MAX);
    for (const name of names(2 * MAX)) store.set(name, 1);
    expect(store.size).toBeLessThan(1.06 * MAX);
    expect(store.keys()).toHaveLength(store.size);
  });
});
