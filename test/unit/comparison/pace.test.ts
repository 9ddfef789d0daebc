import { expect, test } from 'vitest';
import { paced } from '../../../src/comparison/pace.js';

test('lets so many through in a second, evenly, and makes up for nothing', async () => {
  let now = 0;
  const waits: number[] = [];
  const pace = paced(
    10,
    () => now,
    (ms) => {
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
  );
  await pace();
  await pace();
  now += 30;
  await pace();
  now += 5000;
  await pace();
  await pace();
  expect(waits).toEqual([100, 70, 100]);
});
