import { expect, test } from 'vitest';
import { exitStatusOfError, exitStatusOfReply } from '../../../src/commands/exit-status.js';
import {
  ConfigError,
  DeadlineError,
  ProtocolError,
  UnavailableError,
  UsageError,
} from '../../../src/errors.js';

test.each([
  ['OK', 0],
  ['NOTFOUND', 1],
  ['TEMP', 75],
  ['TIMEOUT', 75],
  ['PERM', 76],
] as const)('%s ends with %d', (status, exit) => {
  expect(exitStatusOfReply(status)).toBe(exit);
});

test.each([
  [new UsageError('x'), 64],
  [new UnavailableError('x'), 69],
  [new DeadlineError('x'), 69],
  [new TypeError('x'), 70],
  ['x', 70],
  [new ProtocolError('x'), 76],
  [new ConfigError('x'), 78],
])('%s ends with %d', (error, exit) => {
  expect(exitStatusOfError(error)).toBe(exit);
});
