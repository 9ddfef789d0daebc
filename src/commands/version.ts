// `cyrusmapd version`: tells which version the running daemon is. That of this program itself is printed by `--version`.
import { controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

/** @returns the exit status */
export async function version(options: ControlOptions): Promise<number> {
  const client = await controlClient(options);
  const said = fieldsOf(await client.json('GET', '/version'));
  const [number, node, pid, config, since] = ['version', 'node', 'pid', 'config', 'startedAt'].map((name) =>
    printable(keyOfArgument(String(said.get(name)))),
  );
  print(`cyrusmapd ${number}, Node ${node}, pid ${pid}, configuration ${config}, since ${since}`);
  return EX_OK;
}
