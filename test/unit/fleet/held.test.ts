import { expect, test } from 'vitest';
import { Held } from '../../../src/fleet/held.js';

function heldOf(...entries: readonly (readonly [seq: number, until: number])[]) {
  const held = new Held();
  const released: number[] = [];
  for (const [seq, until] of entries) void held.hold(seq, until).then(() => released.push(seq));
  return { held, released };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('releases what all have acknowledged, and nothing else', async () => {
  const { held, released } = heldOf([1, 100], [2, 100], [3, 200]);
  held.acknowledged(2);
  await settled();
  expect(released).toEqual([1, 2]);
  expect(held.size).toBe(1);
  expect(held.due).toBe(200);
});

test('releases what is due, and says up to which number', async () => {
  const { held, released } = heldOf([1, 100], [2, 150], [3, 200]);
  expect(held.expire(99)).toBeUndefined();
  expect(held.expire(150)).toBe(2);
  await settled();
  expect(released).toEqual([1, 2]);
});

test('releases everything at the end', async () => {
  const { held, released } = heldOf([1, 100], [2, 100]);
  held.releaseAll();
  await settled();
  expect(released).toEqual([1, 2]);
  expect(held.due).toBeUndefined();
});
