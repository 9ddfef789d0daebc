import { beforeEach, describe, expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { Owners } from '../../../src/validation/owners.js';
import type { Route } from '../../../src/validation/probe.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const one = new HandProbe('one');
const two = new HandProbe('two');

let cache: VerdictCache;
beforeEach(() => {
  cache = new VerdictCache({ maxKnown: 10, maxNegative: 10 }, DEFAULT_BELIEF, 0);
  take(one, two);
});

/** The back-channels of the configuration. */
function take(...probes: readonly HandProbe[]): void {
  cache.vouchers.take(
    probes.map((probe) => ({ probe, proof: AGE, belief: DEFAULT_BELIEF })),
    0,
  );
}

/** The name of whose word counts. */
function owner(mailbox: string, route: Route, defaultDomain?: string): string | undefined {
  return new Owners(cache.vouchers, route, defaultDomain).of(mailbox)?.name;
}

const byDomain: Route = (domain) => {
  if (domain === 'example.jp') return one;
  return domain === 'example.net' ? two : 'unserved';
};

describe('whose word counts for a mailbox', () => {
  test('with a domain: that of who is asked about it', () => {
    expect(owner('alice@example.jp', byDomain)).toBe('one');
    expect(owner('alice@example.net', byDomain)).toBe('two');
    expect(owner('a@b@example.net', byDomain)).toBe('two');
    expect(owner('alice@example.org', byDomain)).toBeUndefined();
  });

  test('without one: that of who is asked about the default domain', () => {
    expect(owner('alice', byDomain, 'example.net')).toBe('two');
  });

  test('without one, and without a default domain: that of who is asked about any', () => {
    expect(owner('alice', (domain) => (domain === undefined ? two : one))).toBe('two');
  });

  test('without one, where nobody is asked about any: that of the only one, if there is but one', () => {
    expect(owner('alice', () => 'unserved')).toBeUndefined();
    take(one);
    expect(owner('alice', () => 'unserved')).toBe('one');
    expect(owner('alice@example.org', () => 'unserved')).toBeUndefined();
  });

  test('is looked up once for names of one domain that follow each other', () => {
    const asked: (string | undefined)[] = [];
    const owners = new Owners(cache.vouchers, (domain) => (asked.push(domain), byDomain(domain)), undefined);
    for (const name of ['a@example.jp', 'b@example.jp', 'c@example.jp', 'a@example.net']) owners.of(name);
    expect(asked).toEqual(['example.jp', 'example.net']);
  });

  test('for one after the other, of several domains: each has its own', () => {
    const owners = new Owners(cache.vouchers, byDomain, 'example.net');
    const names = ['a@example.jp', 'b@example.jp', 'a@example.net', 'a', 'a@example.org', 'b@example.jp'];
    expect(names.map((name) => owners.of(name)?.name)).toEqual([
      'one',
      'one',
      'two',
      'two',
      undefined,
      'one',
    ]);
  });
});
