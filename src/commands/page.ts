// `cyrusmapd page`: has the running daemon show its page, with the last refusals, on a port of this machine; prints where.
import { controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { print } from './terminal.js';

/** @returns the exit status */
export async function page(options: ControlOptions): Promise<number> {
  const client = await controlClient(options);
  const answer = fieldsOf(await client.json('POST', '/page'));
  print(`open in a browser on this machine, once: ${String(answer.get('address'))}`);
  return EX_OK;
}
