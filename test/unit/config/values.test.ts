import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/config/duration.js';
import { parseNetwork } from '../../../src/net/network.js';

describe('a duration', () => {
  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['5s', 5000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([
    '',
    '5',
    's',
    '5 s',
    '5S',
    '-5s',
    '+5s',
    '1.5s',
    '1e3s',
    '5sec',
    ' 5s',
    '5s\n',
    '5s1m',
    '1234567890s',
  ])('%j is none', (text) => expect(parseDuration(text)).toBeUndefined());

  test('is read back as it was written', () => {
    // For every whole number of milliseconds, parse(format(ms)) is ms.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('a network', () => {
  test.each([
    ['192.0.2.0/24', { address: '192.0.2.0', prefix: 24, family: 'ipv4' }],
    ['0.0.0.0/0', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
    ['192.0.2.1', { address: '192.0.2.1', prefix: 32, family: 'ipv4' }],
    ['2001:db8::/32', { address: '2001:db8::', prefix: 32, family: 'ipv6' }],
    ['::1', { address: '::1', prefix: 128, family: 'ipv6' }],
  ])('%s is one', (text, network) => expect(parseNetwork(text)).toEqual(network));

  test.each([
    '',
    'localhost',
    '192.0.2.0/33',
    '2001:db8::/129',
    '192.0.2/24',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '192.0.2.0/2 4',
    'fe80::1%em0',
    '192.0.2.0/24/24',
  ])('%j is none', (text) => expect(parseNetwork(text)).toBeUndefined());
});
