import { describe, expect, test } from 'vitest';
import { beliefOf, toldByFleet } from '../../../src/daemon/belief.js';
import type { EventsConfig } from '../../../src/config/config.js';

const CACHE = {
  knownTtlMs: 60_000,
  negativeTtlMs: undefined,
  overQuotaTtlMs: 30_000,
  serveStaleMs: 86_400_000,
  snapshotIntervalMs: 900_000,
};
const EVENTS: EventsConfig = {
  listen: { kind: 'unix', path: '/run/events/socket' },
  socketOwner: undefined,
  socketGroup: undefined,
  socketMode: 0o660,
  quota: false,
  negativeTtlMs: 30_000,
  backchannels: undefined,
  serverNames: undefined,
  forward: undefined,
};

describe('how long what Cyrus said is believed', () => {
  test.each([
    ['without events', undefined, false, 60_000, 60_000, 10_000],
    ['without events, with snapshots', undefined, true, 60_000, 60_000, 10_000],
    ['with events', EVENTS, false, 900_000, 60_000, 30_000],
    ['with events and snapshots', EVENTS, true, 1_800_000, 60_000, 30_000],
    ['with events about quota', { ...EVENTS, quota: true }, false, 900_000, Infinity, 30_000],
    ['with events about quota and snapshots', { ...EVENTS, quota: true }, true, 1_800_000, Infinity, 30_000],
  ])('%s', (_, events, listed, knownMs, freshMs, negativeMs) => {
    expect(beliefOf(CACHE, events, listed)).toEqual({
      knownMs,
      freshMs,
      negativeMs,
      unprovenNegativeMs: 0,
      overQuotaMs: 30_000,
      staleMs: 86_400_000,
    });
  });

  test('of a "no" while nothing would tell of its end: as long as is configured, with events too', () => {
    const cache = { ...CACHE, negativeTtlMs: 7_000 };
    for (const events of [undefined, EVENTS])
      expect(beliefOf(cache, events, false).unprovenNegativeMs).toBe(7_000);
  });

  test('of who is not over quota, where another daemon tells, which is told nothing of quotas', () => {
    expect(beliefOf(CACHE, toldByFleet(CACHE), false).freshMs).toBe(60_000);
  });

  test.each([
    ['never', undefined, 0],
    ['for as long as is configured, while the lease holds, and never without it', 10_000, 10_000],
  ])('of a "no", where another daemon tells: %s', (_, negativeTtlMs, negativeMs) => {
    const cache = { ...CACHE, negativeTtlMs };
    const { negativeMs: told, unprovenNegativeMs } = beliefOf(cache, toldByFleet(cache), false);
    expect({ told, unprovenNegativeMs }).toEqual({ told: negativeMs, unprovenNegativeMs: 0 });
  });
});
