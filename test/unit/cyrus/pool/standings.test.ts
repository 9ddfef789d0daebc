import { describe, expect, test } from 'vitest';
import { Standings } from '../../../../src/cyrus/pool/standings.js';
import { DELIVERABLE, deferred, OVERQUOTA, UNKNOWN } from '../../../../src/validation/verdict.js';

const ASKER = { gone: false };

describe('a connection', () => {
  test('is trusted at first, and after one wrong name', () => {
    const standings = new Standings();
    expect(standings.isSuspect(ASKER)).toBe(false);
    standings.heard(ASKER, UNKNOWN);
    expect(standings.isSuspect(ASKER)).toBe(false);
  });

  test('is suspect once most of what it heard was unknown', () => {
    const standings = new Standings();
    standings.heard(ASKER, UNKNOWN);
    standings.heard(ASKER, UNKNOWN);
    expect(standings.isSuspect(ASKER)).toBe(true);
    expect(standings.isSuspect({ gone: false })).toBe(false);
  });

  test.each([DELIVERABLE, OVERQUOTA, deferred('x')])('that hears as much else ($kind) is not', (verdict) => {
    const standings = new Standings();
    for (let i = 0; i < 10; i++) {
      standings.heard(ASKER, verdict);
      standings.heard(ASKER, UNKNOWN);
    }
    expect(standings.isSuspect(ASKER)).toBe(false);
  });

  test('can earn its place again, whatever it did long ago', () => {
    const standings = new Standings();
    for (let i = 0; i < 1_000; i++) standings.heard(ASKER, UNKNOWN);
    expect(standings.isSuspect(ASKER)).toBe(true);
    for (let i = 0; i < 32; i++) standings.heard(ASKER, DELIVERABLE);
    expect(standings.isSuspect(ASKER)).toBe(false);
  });
});

test('a question of our own comes behind those of others', () => {
  expect(new Standings().isSuspect(undefined)).toBe(true);
});
