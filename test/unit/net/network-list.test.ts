import { describe, expect, test } from 'vitest';
import { parseNetwork, type Network } from '../../../src/net/network.js';
import { parseEndpoint } from '../../../src/net/endpoint.js';
import { ConfigError } from '../../../src/errors.js';
import { NetworkList, requireAllowList } from '../../../src/net/network-list.js';

function networks(...texts: string[]): Network[] {
  return texts.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined) throw new Error(`${text} is no network`);
    return network;
  });
}

describe('NetworkList', () => {
  const list = new NetworkList(networks('192.0.2.0/24', '198.51.100.7', '2001:db8:1::/48', 'fe80::/10'));

  test.each([
    '192.0.2.0',
    '192.0.2.255',
    '198.51.100.7',
    '2001:db8:1::1',
    '2001:DB8:1:ffff::',
    '::ffff:192.0.2.1',
    '::FFFF:198.51.100.7',
    'fe80::1%eth0',
  ])('has %s', (address) => {
    expect(list.has(address)).toBe(true);
  });

  test.each([
    '192.0.3.0',
    '127.0.0.1',
    '198.51.100.8',
    '2001:db8:2::1',
    '::1',
    '::ffff:192.0.3.1',
    '::192.0.2.1',
    '',
  ])('has not %j', (address) => {
    expect(list.has(address)).toBe(false);
  });

  test('has nobody where no network is named', () => {
    expect(new NetworkList([]).has('127.0.0.1')).toBe(false);
  });

  test('has everybody of a family whose prefix is empty', () => {
    const all = new NetworkList(networks('0.0.0.0/0'));
    expect(all.has('203.0.113.9')).toBe(true);
    expect(all.has('::ffff:203.0.113.9')).toBe(true);
    expect(all.has('2001:db8::1')).toBe(false);
  });
});

describe('requireAllowList', () => {
  test.each(['unix:/var/run/s', 'inet:7860@127.0.0.1', 'inet:7860@localhost', 'inet6:7860@::1'])(
    'lets %s be without one',
    (text) => {
      expect(() => requireAllowList([parseEndpoint(text)], [])).not.toThrow();
    },
  );

  test.each(['inet:7860@0.0.0.0', 'inet:7860@192.0.2.1', 'inet6:7860@::', 'inet:7860@mail.example.jp'])(
    'refuses %s without one',
    (text) => {
      const endpoints = [parseEndpoint('unix:/s'), parseEndpoint(text)];
      expect(() => requireAllowList(endpoints, [])).toThrow(ConfigError);
      expect(() => requireAllowList(endpoints, [])).toThrow(text);
      expect(() => requireAllowList(endpoints, networks('192.0.2.0/24'))).not.toThrow();
    },
  );
});
