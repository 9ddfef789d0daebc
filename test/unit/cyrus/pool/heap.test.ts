import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../../../src/cyrus/pool/heap.js';

const before = (a: number, b: number): boolean => a < b;

function filled(numbers: readonly number[]): Heap<number> {
  const heap = new Heap(before);
  for (const each of numbers) heap.push(each);
  return heap;
}

function drained(heap: Heap<number>): number[] {
  const numbers: number[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) numbers.push(next);
  return numbers;
}

test('whatever was pushed comes out in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = filled(numbers);
      expect(heap.size).toBe(numbers.length);
      expect(drained(heap)).toEqual(numbers.toSorted((a, b) => a - b));
      expect(heap.size).toBe(0);
    }),
  );
});

test('what is filtered out is gone, and the rest is in order', () => {
  const heap = filled([5, 2, 9, 4, 7, 6]);
  heap.filter((each) => each % 2 === 1);
  expect(drained(heap)).toEqual([5, 7, 9]);
});

test('all can be taken away at once', () => {
  const heap = filled([3, 1, 2]);
  expect(heap.clear().toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  expect(heap.pop()).toBeUndefined();
});
