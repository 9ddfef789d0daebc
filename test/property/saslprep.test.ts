// SASLprep against another implementation of RFC 4013, that of the MongoDB drivers, which has the tables of RFC 3454 themselves: on
// characters of Unicode 3.2 both give the same text, or refuse it both.
import fc from 'fast-check';
import oracle from '@mongodb-js/saslprep';
import { describe, expect, test } from 'vitest';
import { saslprep } from '../../src/cyrus/sasl/saslprep.js';
import { ConfigError } from '../../src/errors.js';

/** @returns undefined where it is refused */
function ours(text: string): string | undefined {
  try {
    return saslprep(text, 'password');
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** @param allowUnassigned whether characters that are newer than Unicode 3.2 pass, as they do here */
function theirs(text: string, allowUnassigned = true): string | undefined {
  try {
    return oracle(text, { allowUnassigned });
  } catch {
    return undefined;
  }
}

function* characters(step: number): Generator<string> {
  for (let code = 0; code <= 0x10ffff; code += code < 0x3400 ? 1 : step) {
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    // What is still unassigned is refused here.
    if (!isSurrogate && !/\p{Cn}/u.test(String.fromCodePoint(code))) yield String.fromCodePoint(code);
  }
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200f]/;

describe('SASLprep', () => {
  test('of each character, and of each one behind a letter, is what another implementation makes of it', () => {
    for (const character of characters(97)) {
      const text = `a${character}`;
      expect([text, ours(text)]).toEqual([text, theirs(text)]);
      // Of nothing at all the other one makes an error.
      if (ours(character) !== '')
        expect([character, ours(character)]).toEqual([character, theirs(character)]);
    }
  });

  const all = [...characters(31)];
  const oneWay = all.filter((character) => !RIGHT_TO_LEFT.test(character));
  /** Letters of Unicode 3.2, but for one whose class was changed since; and ASCII. */
  const letters = all.filter((character) => {
    if (/^[\x20-\x7e]$/.test(character)) return true;
    const isLetter = /[\p{Lu}\p{Ll}\p{Lt}\p{Lo}]/u.test(character) && character !== '\u2132';
    return isLetter && theirs(`${RIGHT_TO_LEFT.test(character) ? '' : 'a'}${character}`, false) !== undefined;
  });
  const rightToLeft = letters.filter((character) => RIGHT_TO_LEFT.test(character));
  const some = [' ', '\u00a0', '\u2003', '\u00ad', '\u200d', '\u2060', '1', '-', 'a', '\u00e4'];

  test.each([
    ['one direction', oneWay],
    ['both directions', letters],
    ['one from right to left', rightToLeft],
  ])('of texts of %s is the same too, or both refuse it', (_, pool) => {
    const character = fc.oneof(fc.constantFrom(...pool), fc.constantFrom(...some));
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const made = ours(text);
        if (made !== '') expect(made).toBe(theirs(text));
      }),
      { numRuns: 3000 },
    );
  });
});
