// What the client is given and gives: strings that become bytes on the wire and back, and numbers within their limits. No I/O.
import { ConfigError } from '../errors.js';

/** What cyrusmapd and Postfix take as a whole request at most, with room for the other of map and key. */
const MAX_BYTES = 4_900;

/**
 * A string with a character a byte, of UTF-8.
 * @param name `map` or `key`
 * @throws ConfigError naming it
 */
export function byteString(name: 'map' | 'key', text: unknown): string {
  if (typeof text !== 'string') throw new ConfigError(`${name} is a ${typeof text}: must be a string`);
  if (name === 'map' && text.includes(' ')) {
    throw new ConfigError(`map is ${JSON.stringify(text)}: must have no space`);
  }
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MAX_BYTES) {
    throw new ConfigError(`${name} has ${bytes.length} bytes: ${MAX_BYTES} at most`);
  }
  return bytes.toString('latin1');
}

export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** @throws ConfigError naming the option and its limits */
export function wholeNumber(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new ConfigError(`${name} is ${value}: must be a whole number from 1 to ${max}`);
}
