// `cyrusmapd stats`: the counters of the running daemon as a table; with `--watch` again and again, with rates.
import { setTimeout as sleep } from 'node:timers/promises';
import { controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { statsTable } from './stats-table.js';
import { print } from './terminal.js';

export type StatsOptions = ControlOptions & { readonly json?: boolean; readonly watch?: boolean };

const WATCH_MS = 2_000;
/** Moves the cursor home, and erases everything below. */
const CLEAR = '\x1b[H\x1b[J';

/** @returns the exit status */
export async function stats(options: StatsOptions): Promise<number> {
  const client = await controlClient(options);
  let former: ReadonlyMap<string, unknown> | undefined;
  for (;;) {
    const answer = await client.json('GET', '/stats');
    const figures = fieldsOf(answer);
    if (options.json === true) print(JSON.stringify(answer));
    else {
      const table = statsTable(figures, former).join('\n');
      print(options.watch === true && process.stdout.isTTY ? `${CLEAR}${table}` : table);
    }
    if (options.watch !== true) return EX_OK;
    former = figures;
    await sleep(WATCH_MS);
  }
}
