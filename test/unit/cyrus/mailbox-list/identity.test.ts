import { describe, expect, test } from 'vitest';
import {
  isYoung,
  sameIdentity,
  YOUNG_MS,
  YOUNG_WHOLE_SECONDS_MS,
  type Identity,
} from '../../../../src/cyrus/mailbox-list/identity.js';

const FILE: Identity = {
  dev: 1,
  ino: 2,
  nlink: 1,
  size: 4_096,
  mtimeMs: 1_000_000.5,
  ctimeMs: 1_000_000.5,
};

describe('an identity', () => {
  test('is the same where nothing differs', () => {
    expect(sameIdentity(FILE, { ...FILE })).toBe(true);
  });

  test.each(Object.keys(FILE))('is another with another %s', (field) => {
    expect(sameIdentity(FILE, { ...FILE, [field]: 99 })).toBe(false);
  });
});

describe('an identity is young', () => {
  test.each([
    ['at once', 0, true],
    ['until 20 ms have passed', YOUNG_MS - 1, true],
    ['no longer after that', YOUNG_MS, false],
    ['as long after the clock was set back', -(YOUNG_MS - 1), true],
    ['no longer after it was set back by more', -YOUNG_MS, false],
  ])('%s', (_, age, young) => {
    expect(isYoung(FILE, FILE.mtimeMs + age)).toBe(young);
  });

  test('for two seconds where the file system keeps whole seconds', () => {
    const whole = { ...FILE, mtimeMs: 1_000_000 };
    expect(isYoung(whole, whole.mtimeMs + YOUNG_WHOLE_SECONDS_MS - 1)).toBe(true);
    expect(isYoung(whole, whole.mtimeMs + YOUNG_WHOLE_SECONDS_MS)).toBe(false);
  });
});
