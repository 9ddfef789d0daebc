import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editsBetween, nearest } from '../../../src/config/did-you-mean.js';

const KEYS = ['canary', 'connections', 'connect_timeout', 'password_file', 'tls', 'tls_min_version'];

describe('the nearest word', () => {
  test.each([
    ['cannary', 'canary'],
    ['conections', 'connections'],
    ['connect-timeout', 'connect_timeout'],
    ['CANARY', 'canary'],
    ['canray', 'canary'],
    ['password', 'password_file'],
    ['tsl', 'tls'],
  ])('to %s is %s', (written, word) => expect(nearest(written, KEYS)).toBe(word));

  test.each(['', 'x', 'colour', 'c'.repeat(100)])('to %j is none', (written) => {
    expect(nearest(written, KEYS)).toBeUndefined();
  });
});

describe('the edits between two words', () => {
  test('are none only where they are the same, as many either way, and no more than the longer has letters', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        const edits = editsBetween(one, other);
        expect(edits === 0).toBe(one === other);
        expect(edits).toBe(editsBetween(other, one));
        expect(edits).toBeLessThanOrEqual(Math.max(one.length, other.length));
      }),
    );
  });
});
