import { describe, expect, it } from 'vitest';
import { runAbuse, WAYS, type Way } from './abuse.js';

/** For `npm run test:abuse`, on a machine that has nothing else to do: each way by itself too, and its figures are printed. */
const ALONE = process.env['ABUSE_CONNECTIONS'];
const CONNECTIONS = Number(ALONE ?? 300);
const SECONDS = ALONE === undefined ? 2 : 10;
/** That of a lookup: whoever is not served within it is deferred. */
const DEADLINE_MS = 5_000;

const SINGLY = ALONE === undefined ? [] : WAYS.map((way): [string, readonly Way[]] => [way, [way]]);

describe('beside connections that abuse it', () => {
  it.each<[string, readonly Way[]]>([...SINGLY, ['all', WAYS]])(
    'who behaves well is answered rightly, and before the deadline: %s',
    async (_, ways) => {
      const report = await runAbuse({ connections: CONNECTIONS, ways, seconds: SECONDS });
      if (ALONE !== undefined) console.log(`${ways.join(' ')}: ${JSON.stringify(report)}`);
      expect(report.wrong).toBe(0);
      expect(report.abused.max).toBeLessThan(DEADLINE_MS);
    },
    180_000,
  );
});
