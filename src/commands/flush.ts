// `cyrusmapd flush`: makes the running daemon forget a recipient, a domain, what was denied, or everything.
import { UsageError } from '../errors.js';
import { atMostOne, controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { print } from './terminal.js';

export type FlushOptions = ControlOptions & { readonly negative?: boolean; readonly all?: boolean };

/** @param name a key, or a domain: a name without `@` is a domain where it has a dot; @returns the exit status */
export async function flush(name: string | undefined, options: FlushOptions): Promise<number> {
  const { negative, all } = options;
  atMostOne({ [name ?? 'KEY']: name, '--negative': negative, '--all': all });
  const query = queryOf(name, options);
  const client = await controlClient(options);
  const answer = fieldsOf(await client.json('POST', `/flush?${query}`));
  print(`forgotten: ${String(answer.get('forgotten'))}`);
  return EX_OK;
}

function queryOf(name: string | undefined, { negative, all }: FlushOptions): string {
  if (negative === true) return 'negative=1';
  if (all === true) return 'all=1';
  if (name === undefined) throw new UsageError('flush needs a key, a domain, --negative or --all');
  const what = !name.includes('@') && name.includes('.') ? 'domain' : 'key';
  return new URLSearchParams({ [what]: name }).toString();
}
