import { expect, test } from 'vitest';
import { formatDuration, parseDuration, withUnit } from '../../../src/config/duration.js';

test.each([
  ['0s', 0, '0s'],
  ['250ms', 250, '250ms'],
  ['1000ms', 1000, '1s'],
  ['90s', 90_000, '90s'],
  ['60m', 3_600_000, '1h'],
  ['48h', 172_800_000, '2d'],
  ['7d', 604_800_000, '7d'],
])('%s has %d ms, and is written %s', (text, ms, shortest) => {
  expect(parseDuration(text)).toBe(ms);
  expect(formatDuration(ms)).toBe(shortest);
  expect(parseDuration(shortest)).toBe(ms);
});

test.each(['', '5', 's', '5 s', '-5s', '1.5s', '5S', '5sec', '1234567890s', ' 5s', '5s\n'])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test('a number without a unit gets the first that makes it fit, seconds before others', () => {
  const upTo = (most: number) => (ms: number) => ms >= 100 && ms <= most;
  expect(withUnit(5, upTo(25_000))).toBe('5s');
  expect(withUnit('500', upTo(25_000))).toBe('500ms');
  expect(withUnit(90, (ms) => ms > 3_600_000)).toBe('90m');
  expect(withUnit(5, () => false)).toBeUndefined();
});

test.each([undefined, null, true, [5], { s: 5 }, new Date(0), '5x', -5, 1.5])(
  'for %j there is no unit to guess',
  (written) => {
    expect(withUnit(written, () => true)).toBeUndefined();
  },
);
