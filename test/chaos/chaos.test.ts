import { expect, test } from 'vitest';
import { addTallies, runChaos, type Report } from './run.js';

/**
 * For `npm run test:chaos`, on a machine that has nothing else to do: so many recipients, nothing 50 ms beyond the deadline, and back
 * within a second. Among other tests, or with CHAOS_BUSY, each may take as long as these hold up each other.
 */
const ALONE = process.env['CHAOS_RECIPIENTS'];
const BUSY = ALONE === undefined || process.env['CHAOS_BUSY'] !== undefined;
const RECIPIENTS = Number(ALONE ?? 5_000);
const SEED = Number(process.env['CHAOS_SEED'] ?? 1);
const LATE_MS = BUSY ? 5_000 : 50;
const BACK_MS = BUSY ? 10_000 : 1_000;
/** Mount namespaces and limits of memory are for root on Linux. */
const POSSIBLE = process.platform === 'linux' && process.getuid?.() === 0;
/** A hundred about refused and deferred recipients, and what else there is to tell. */
const LINES_A_SECOND = 250;

test.runIf(POSSIBLE)(
  'nobody who exists is refused, nobody who never did is accepted, nothing is late, and after each fault it is back',
  async () => {
    const report = await runChaos({
      seed: SEED,
      recipients: RECIPIENTS,
      short: ALONE === undefined,
      sessions: ALONE === undefined ? 4 : 10,
      pauseMs: ALONE === undefined ? 60 : 30,
      lateMs: LATE_MS,
      smmapd: ALONE !== undefined,
    });
    tell(report);
    const all = addTallies([report.direct, ...report.servers.map(({ tally }) => tally)]);
    expect(all).toMatchObject({ wrongNo: [], wrongYes: [], late: [] });
    expect(all.yes).toBeGreaterThan(RECIPIENTS / 4);
    expect(all.no).toBeGreaterThan(RECIPIENTS / 10);
    expect(report.rows.filter(({ backMs }) => backMs > BACK_MS)).toEqual([]);
    expect(report.logLines).toBeLessThan(LINES_A_SECOND);
  },
  (240 + RECIPIENTS / 50) * 1000,
);

function tell({ rows, servers, smmapd, direct, ...rest }: Report): void {
  if (ALONE === undefined) return;
  const lines = [
    ...servers,
    ...smmapd.map(({ name, tally }) => ({ name: `smmapd behind ${name}`, tally })),
    { name: 'straight', tally: direct },
  ].map(({ name, tally }) => JSON.stringify({ name, ...shortened(tally) }));
  const backs = new Map<string, string[]>();
  for (const { fault, stack, backMs, lmtpdMs } of rows) {
    const name = `${fault}, ${stack}`;
    backs.set(name, [...(backs.get(name) ?? []), `${backMs} (after ${lmtpdMs} of lmtpd)`]);
  }
  const table = [...backs].map(([fault, times]) => `${fault}: ${times.join(', ')}`);
  console.log([JSON.stringify(rest), ...lines, ...table].join('\n'));
}

function shortened(tally: Report['direct']): object {
  const few = (list: readonly string[]): object => ({ count: list.length, first: list.slice(0, 5) });
  return { ...tally, wrongNo: few(tally.wrongNo), wrongYes: few(tally.wrongYes), late: few(tally.late) };
}
