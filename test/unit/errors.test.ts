import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  DeadlineError,
  DownError,
  isNobodyThere,
  ProtocolError,
  UnavailableError,
} from '../../src/errors.js';

describe('a failure that is expected', () => {
  test.each([UnavailableError, DownError, DeadlineError])(
    'has message and cause, and no stack: %o',
    (kind) => {
      const cause = new Error('connect ECONNREFUSED');
      const error = new kind('nobody answers', { cause });
      expect(error).toMatchObject({ message: 'nobody answers', cause, name: kind.name });
      expect(error.stack).not.toContain('\n');
    },
  );
});

describe('a failure that somebody has to look for', () => {
  test.each([ConfigError, ProtocolError, TypeError])(
    'has a stack, also after one that has none: %o',
    (kind) => {
      new DeadlineError('too late');
      expect(new kind('a mistake').stack).toContain('errors.test.ts');
    },
  );
});

describe('nobody is there', () => {
  const failed = (code?: string): Error =>
    new UnavailableError('no connection', { cause: Object.assign(new Error('connect'), { code }) });

  test.each([
    ['ECONNREFUSED', true],
    ['ENOENT', true],
    ['ETIMEDOUT', false],
    ['EACCES', false],
    [undefined, false],
  ])('by %s: %s', (code, nobody) => {
    expect(isNobodyThere(failed(code))).toBe(nobody);
    expect(isNobodyThere(new DownError('down', { cause: failed(code) }))).toBe(nobody);
  });

  test('is not said without an error of connect(2)', () => {
    expect([isNobodyThere(undefined), isNobodyThere(new UnavailableError('no'))]).toEqual([false, false]);
  });
});
