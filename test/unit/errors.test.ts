import { describe, expect, it } from 'vitest';
import { ConfigError, DeadlineError, DownError, ProtocolError, UnavailableError } from '../../src/errors.js';

describe('a failure that is expected', () => {
  it.each([UnavailableError, DownError, DeadlineError])('has message and cause, and no stack: %o', (kind) => {
    const cause = new Error('connect ECONNREFUSED');
    const error = new kind('nobody answers', { cause });
    expect(error).toMatchObject({ message: 'nobody answers', cause, name: kind.name });
    expect(error.stack).not.toContain('\n');
  });
});

describe('a failure that somebody has to look for', () => {
  it.each([ConfigError, ProtocolError, TypeError])(
    'has a stack, also after one that has none: %o',
    (kind) => {
      new DeadlineError('too late');
      expect(new kind('a mistake').stack).toContain('errors.test.ts');
    },
  );
});
