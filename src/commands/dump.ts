// `cyrusmapd dump`: every mailbox that the running daemon remembers, one a line: name, state, age, believed or not.
import { controlClient, parseLine, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type DumpOptions = ControlOptions & { readonly domain?: string; readonly json?: boolean };

/** @returns the exit status */
export async function dump(options: DumpOptions): Promise<number> {
  const client = await controlClient(options);
  const { domain, json } = options;
  const query = new URLSearchParams(domain === undefined ? {} : { domain });
  for await (const line of client.lines(`/dump?${query.toString()}`)) {
    print(json === true ? line : describe(parseLine(line)));
  }
  return EX_OK;
}

function describe(entry: ReadonlyMap<string, unknown>): string {
  const age = Number(entry.get('ageMs')) / 1000;
  const believed = entry.get('believed') === true ? 'believed' : 'outdated';
  const fields = [entry.get('mailbox'), entry.get('state'), `${age.toFixed(1)}s`, believed];
  return fields.map((field) => printable(keyOfArgument(String(field)))).join('\t');
}
