import { describe, expect, test } from 'vitest';
import type { Route } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';
import { unaskedOutcome } from '../../../src/validation/unasked.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const EIGHT_BIT = 'b\xfccher@example.jp';

function outcome(key: string, eightBit: 'reject' | 'temp' | 'ask', route: Route): string {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind === 'recipient') throw new Error(`${key} would be asked about`);
  const { verdict, source } = unaskedOutcome(
    parsed,
    key,
    { address: DEFAULT_ADDRESS_RULES, eightBit },
    route,
  );
  return `${verdict.kind} ${source} ${verdict.kind === 'deliverable' ? '' : (verdict.evidence?.rule ?? '')}`;
}

/** Who is asked, and takes 8-bit local parts or not. */
function asked(acceptsEightBit: boolean): Route {
  const probe = new HandProbe();
  probe.acceptsEightBit = acceptsEightBit;
  return (domain) => (domain === 'example.jp' ? probe : 'unserved');
}

describe('a key that is not asked about', () => {
  test.each([
    ['@relay:alice@example.jp', 'deferred rule source route'],
    ['alice+a\\b@example.jp', 'deferred rule escaped detail'],
    ['a b@example.jp', 'unknown rule space'],
    ['@example.jp', 'unknown rule empty part'],
  ])('%j: %s', (key, told) => {
    expect(outcome(key, 'reject', asked(true))).toBe(told);
    expect(outcome(key, 'temp', asked(true))).toBe(told);
  });

  test.each<[string, 'reject' | 'temp' | 'ask', Route, string]>([
    ['where lmtpd could only refuse it is unknown', 'reject', asked(false), 'unknown'],
    ['where it would be asked about elsewhere is unknown, too', 'ask', asked(false), 'unknown'],
    ['where lmtpd takes such names is deferred', 'reject', asked(true), 'deferred'],
    ['where that is configured is deferred', 'temp', asked(false), 'deferred'],
    ['where nobody is asked is unknown', 'reject', () => 'unserved', 'unknown'],
  ])('and has 8-bit characters, %s', (_, eightBit, route, kind) => {
    expect(outcome(EIGHT_BIT, eightBit, route)).toBe(`${kind} rule 8-bit character`);
  });

  test.each([
    ['"al ice"@example.jp', 'al ice'],
    ['@relay:alice@example.jp', '@relay:alice'],
  ])('%j is accepted where it is the name of an alias', (key, local) => {
    const accepted = (alias: string) => {
      const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
      if (parsed.kind === 'recipient') throw new Error(key);
      const alsoAccepts = (named: { readonly local: string }) => named.local.replaceAll('"', '') === alias;
      const rules = { address: DEFAULT_ADDRESS_RULES, eightBit: 'reject', alsoAccepts } as const;
      return unaskedOutcome(parsed, key, rules, asked(true)).verdict.kind;
    };
    expect(accepted(local)).toBe('deliverable');
    expect(accepted('another')).not.toBe('deliverable');
  });

  test('is judged by its last domain', () => {
    expect(outcome('b\xfccher@example.net@example.jp', 'reject', asked(true))).toMatch(/^deferred/);
    expect(outcome('b\xfccher@example.jp@example.net', 'reject', asked(true))).toMatch(/^unknown/);
  });
});
