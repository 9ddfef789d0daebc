import { expect, test } from 'vitest';
import { byteString, textOf, wholeNumber } from '../../../src/client/values.js';
import { ConfigError } from '../../../src/errors.js';

test('a string is a character a byte on the wire, and comes back as it was', () => {
  expect(byteString('key', 'ä@example.jp')).toBe('\xc3\xa4@example.jp');
  expect(textOf(byteString('key', 'ä€😀'))).toBe('ä€😀');
});

test.each([
  ['map', 'a b', 'map is "a b": must have no space'],
  ['map', 5, 'map is a number: must be a string'],
  ['key', undefined, 'key is a undefined: must be a string'],
  ['key', 'ä'.repeat(2_451), 'key has 4902 bytes: 4900 at most'],
] as const)('%s may not be %j', (name, value, message) => {
  expect(() => byteString(name, value)).toThrow(new ConfigError(message));
});

test('a key may have spaces, and 4900 bytes', () => {
  expect(byteString('key', `${'a '.repeat(2_450)}`)).toHaveLength(4_900);
});

test.each([1, 7, 10])('%d is within its limits', (value) => {
  expect(wholeNumber('x', value, 10)).toBe(value);
});

test.each([0, -1, 1.5, 11, NaN, Infinity])('%d is not', (value) => {
  expect(() => wholeNumber('x', value, 10)).toThrow(
    new ConfigError(`x is ${value}: must be a whole number from 1 to 10`),
  );
});
