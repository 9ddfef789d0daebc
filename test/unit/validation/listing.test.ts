import { describe, expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';
import { joinProofs } from '../../../src/validation/joined-proof.js';
import { listingOf } from '../../../src/validation/listing.js';
import type { Listing, Proof } from '../../../src/validation/proof.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../src/validation/recipient.js';
import { LISTED } from '../../../src/validation/verdict-cache.js';

const parsed = parseKey('alice@example.jp', DEFAULT_ADDRESS_RULES);
if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
const alice: Recipient = parsed.recipient;

function holding(listing: Listing, looks: string[] = [], deferUnknown = false): Proof {
  return {
    floor: () => (looks.push('floor'), 0),
    describe: () => 'by hand',
    vouchesForUnknown: true,
    deferUnknown,
    listing: () => (looks.push('listing'), listing),
  };
}

describe('a list held under a proof', () => {
  test('gives a verdict of its own, or none', () => {
    expect(listingOf(alice, holding('listed'), 0)).toBe(LISTED);
    expect(listingOf(alice, holding('unlisted'), 0)).toEqual({ kind: 'unknown' });
    expect(listingOf(alice, holding(undefined), 0)).toBeUndefined();
    expect(listingOf(alice, AGE, 0)).toBeUndefined();
  });

  test('denies nobody while Cyrus denies mailboxes that exist', () => {
    expect(listingOf(alice, holding('unlisted', [], true), 0)).toBeUndefined();
    expect(listingOf(alice, holding('listed', [], true), 0)).toBe(LISTED);
  });

  test('is looked at after the proof, which makes it as new as the request', () => {
    const looks: string[] = [];
    listingOf(alice, holding('listed', looks), 0);
    expect(looks).toEqual(['floor', 'listing']);
  });

  test('may be one of several proofs', () => {
    expect(joinProofs([AGE, holding('unlisted')]).listing?.(alice)).toBe('unlisted');
    expect(joinProofs([AGE, AGE]).listing?.(alice)).toBeUndefined();
  });
});
