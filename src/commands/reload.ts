// `cyrusmapd reload`: has the running daemon read its configuration anew, waits, and says what became of it.
import { controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_CONFIG, EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

/** @returns the exit status: that of a bad configuration where it was refused */
export async function reload(options: ControlOptions): Promise<number> {
  const client = await controlClient(options);
  const report = fieldsOf(await client.json('POST', '/reload'));
  const refused = report.get('refused');
  if (typeof refused === 'string') {
    for (const line of refused.split('\n'))
      process.stderr.write(`cyrusmapd: ${printable(keyOfArgument(line))}\n`);
    process.stderr.write('cyrusmapd: the old configuration stays in force\n');
    return EX_CONFIG;
  }
  const changed = names(report.get('changed'));
  print(
    `reloaded ${String(report.get('config'))}: ${changed.length === 0 ? 'nothing has changed' : `changed ${changed.join(', ')}`}`,
  );
  const needRestart = names(report.get('needRestart'));
  if (needRestart.length > 0) print(`needs a restart: ${needRestart.join(', ')}`);
  return EX_OK;
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
