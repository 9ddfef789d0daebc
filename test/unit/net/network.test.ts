import { expect, test } from 'vitest';
import { parseNetwork } from '../../../src/net/network.js';

test.each([
  ['192.0.2.0/24', { address: '192.0.2.0', prefix: 24, family: 'ipv4' }],
  ['0.0.0.0/0', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
  ['192.0.2.7', { address: '192.0.2.7', prefix: 32, family: 'ipv4' }],
  ['2001:db8::/128', { address: '2001:db8::', prefix: 128, family: 'ipv6' }],
  ['::1', { address: '::1', prefix: 128, family: 'ipv6' }],
])('%s is a network', (text, network) => {
  expect(parseNetwork(text)).toEqual(network);
});

test.each([
  '',
  'example.jp',
  '192.0.2/24',
  '192.0.2.0/33',
  '::/129',
  '::/',
  '::/-1',
  '::/1x',
  'fe80::1%eth0',
  '1.2.3.4/0001',
])('%j is none', (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});
