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

describe('the excess of unknown mailboxes', () => {
  test('is by how many they outnumber the others, and never below 0', () => {
    const standings = new Standings();
    expect(standings.excess(ASKER)).toBe(0);
    for (let i = 0; i < 5; i++) standings.heard(ASKER, UNKNOWN);
    standings.heard(ASKER, DELIVERABLE);
    expect(standings.excess(ASKER)).toBe(4);
    expect(standings.excess({ gone: false })).toBe(0);
    for (let i = 0; i < 10; i++) standings.heard(ASKER, DELIVERABLE);
    expect(standings.excess(ASKER)).toBe(0);
  });

  test('of our own questions is 0, whatever they hear', () => {
    const standings = new Standings();
    for (let i = 0; i < 5; i++) standings.heard(undefined, UNKNOWN);
    expect(standings.excess(undefined)).toBe(0);
  });

  test('is halved with the 32nd answer, and not before', () => {
    const standings = new Standings();
    for (let i = 0; i < 4; i++) standings.heard(ASKER, DELIVERABLE);
    for (let i = 0; i < 27; i++) standings.heard(ASKER, UNKNOWN);
    expect(standings.excess(ASKER)).toBe(23);
    standings.heard(ASKER, UNKNOWN);
    expect(standings.excess(ASKER)).toBe(12);
    standings.heard(ASKER, DELIVERABLE);
    expect(standings.excess(ASKER)).toBe(11);
  });
});
