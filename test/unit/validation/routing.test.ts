import { expect, test } from 'vitest';
import type { Probe } from '../../../src/validation/probe.js';
import { routeByDomain } from '../../../src/validation/routing.js';

function probe(name: string): Probe {
  return {
    name,
    acceptsEightBit: false,
    check: () => Promise.reject(new Error('nobody asks')),
    drain: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

function routed(domains: readonly string[], complete = false): (domain: string | undefined) => string {
  const route = routeByDomain(
    domains.map((domain) => ({ domain, probe: probe(domain) })),
    complete,
  );
  return (domain) => {
    const to = route(domain);
    return typeof to === 'string' ? to : to.name;
  };
}

const ALL = ['*.example.net', 'example.jp', '*', '*.mail.example.net', 'special.example.net'];

test.each([
  ['example.jp', 'example.jp'],
  ['EXAMPLE.jp', 'example.jp'],
  ['sub.example.jp', '*'],
  ['host.example.net', '*.example.net'],
  ['a.b.example.net', '*.example.net'],
  ['x.mail.example.net', '*.mail.example.net'],
  ['mail.example.net', '*.example.net'],
  ['special.example.net', 'special.example.net'],
  ['example.net', '*'],
  ['badexample.net', '*'],
  ['.example.net', '*.example.net'],
  ['', '*'],
  [undefined, '*'],
])('%s goes to %s: the whole name, then the longest parent, then all others', (domain, name) => {
  expect(routed(ALL)(domain)).toBe(name);
});

test('the order of the configuration makes no difference', () => {
  expect(routed([...ALL].reverse())('x.mail.example.net')).toBe('*.mail.example.net');
});

test('a domain that nobody serves is unserved, and foreign where the list is complete', () => {
  expect(routed(['example.jp'])('example.net')).toBe('unserved');
  expect(routed(['example.jp'], true)('example.net')).toBe('foreign');
  expect(routed([], true)('example.jp')).toBe('foreign');
});

test('a recipient without a domain is nobody’s by name, and never foreign', () => {
  expect(routed(['example.jp'])(undefined)).toBe('unserved');
  expect(routed(['example.jp'], true)(undefined)).toBe('unserved');
});
