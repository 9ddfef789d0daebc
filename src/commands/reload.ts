// `cyrusmapd reload`: has the running daemon read its configuration anew, waits, and says what became of it.
import { controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_CONFIG, EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type Reloaded = {
  /** The exit status: EX_CONFIG where the daemon refused the file. */
  readonly status: number;
  /** Keys whose new value holds only after a restart. */
  readonly needRestart: readonly string[];
};

/** @returns the exit status */
export async function reload(options: ControlOptions): Promise<number> {
  const { status, needRestart } = await reloadNow(options);
  if (needRestart.length > 0) print(`needs a restart: ${needRestart.join(', ')}`);
  return status;
}

export async function reloadNow(options: ControlOptions): Promise<Reloaded> {
  const client = await controlClient(options);
  const report = fieldsOf(await client.json('POST', '/reload'));
  const refused = report.get('refused');
  if (typeof refused === 'string') {
    for (const line of refused.split('\n'))
      process.stderr.write(`cyrusmapd: ${printable(keyOfArgument(line))}\n`);
    process.stderr.write('cyrusmapd: the old configuration stays in force\n');
    return { status: EX_CONFIG, needRestart: [] };
  }
  const changed = names(report.get('changed'));
  print(
    `reloaded ${String(report.get('config'))}: ${changed.length === 0 ? 'nothing has changed' : `changed ${changed.join(', ')}`}`,
  );
  return { status: EX_OK, needRestart: names(report.get('needRestart')) };
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
