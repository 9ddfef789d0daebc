import { describe, expect, test } from 'vitest';
import { abuseDaemon, abuseFloor, WAYS, type Abuse, type Way } from './abuse.js';
import { ANY_CORES, separateCores } from './cores.js';

/** For `npm run test:abuse`, on a machine that has nothing else to do: each way by itself too, and its figures are printed. */
const ALONE = process.env['ABUSE_CONNECTIONS'];
const CONNECTIONS = Number(ALONE ?? 300);
/** Longer than request_timeout, so that those who are ended for their half requests come again. */
const SECONDS = ALONE === undefined ? 2 : 15;
/** That of a lookup: whoever is not served within it is deferred. */
const DEADLINE_MS = 5_000;
/** The 99th percentile may be at most doubled: of what it is without abuse, or of what the floor's is beside the same abuse. */
const TIMES = 2;
/** Less than this no mail server notices: it is not compared. */
const UNNOTICED_MS = 20;

describe('beside connections that abuse it', () => {
  test.each<[string, readonly Way[]]>([
    ...(ALONE === undefined ? [] : WAYS.map((way): [string, readonly Way[]] => [way, [way]])),
    ['all', WAYS],
  ])(
    'who behaves well is answered rightly, and before the deadline: %s',
    async (_, ways) => {
      const cores = ALONE === undefined ? ANY_CORES : separateCores();
      const abuse: Abuse = { connections: CONNECTIONS, ways, seconds: SECONDS, cores };
      const report = await abuseDaemon(abuse);
      expect([report.alone.wrong, report.abused.wrong]).toEqual([0, 0]);
      expect(report.abused.max).toBeLessThan(DEADLINE_MS);
      if (ALONE === undefined) return;
      const floor = await abuseFloor(abuse);
      console.log(`${ways.join(' ')}: ${JSON.stringify({ daemon: report, floor })}`);
      const allowed = Math.max(UNNOTICED_MS, TIMES * report.alone.p99, TIMES * floor.abused.p99);
      expect(report.abused.p99).toBeLessThan(allowed);
    },
    240_000,
  );
});
