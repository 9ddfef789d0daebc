import { describe, expect, test } from 'vitest';
import { sharesPorts } from '../../../src/net/shared-port.js';

describe('a port can be shared', () => {
  test.each([
    ['20.20.2', 'linux', false],
    ['22.11.0', 'linux', false],
    ['22.12.0', 'linux', true],
    ['23.0.0', 'linux', false],
    ['23.1.0', 'freebsd', true],
    ['24.0.0', 'freebsd', true],
    ['26.3.1', 'linux', true],
    ['24.0.0', 'darwin', false],
  ])('by Node %s on %s: %s', (version, platform, shares) => {
    expect(sharesPorts(version, platform)).toBe(shares);
  });
});
