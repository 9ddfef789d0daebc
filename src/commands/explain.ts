// `cyrusmapd explain`: what the running daemon believes of a recipient, and why; with `--ask`, what Cyrus says now.
import { controlClient, fieldsOf, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { describeDecision } from './tail.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type ExplainOptions = ControlOptions & { readonly ask?: boolean; readonly json?: boolean };

/** @returns the exit status */
export async function explain(key: string, options: ExplainOptions): Promise<number> {
  const client = await controlClient(options);
  const query = new URLSearchParams({ key, ...(options.ask === true ? { ask: '1' } : {}) });
  const answer = await client.json('GET', `/explain?${query.toString()}`);
  print(options.json === true ? JSON.stringify(answer, undefined, 2) : describe(answer).join('\n'));
  return EX_OK;
}

function describe(answer: unknown): string[] {
  const said = fieldsOf(answer);
  const decisions = said.get('decisions');
  return [
    ...line('key', said.get('key')),
    ...recipientLines(said.get('recipient')),
    ...line('rule', said.get('rule')),
    ...line('asked of', said.get('backchannel')),
    ...proofLines(said.get('proof')),
    ...rememberedLines(said.get('remembered')),
    ...line('answer', said.get('answer') ?? 'Cyrus would be asked'),
    ...(said.has('asked') ? line('Cyrus now', describeDecision(fieldsOf(said.get('asked')))) : []),
    ...(Array.isArray(decisions) && decisions.length > 0
      ? decisions.flatMap((each: unknown, i) =>
          line(i === 0 ? 'decisions' : '', describeDecision(fieldsOf(each))),
        )
      : line('decisions', 'none that is still kept')),
  ];
}

function recipientLines(value: unknown): string[] {
  if (value === undefined) return line('recipient', 'none');
  const recipient = fieldsOf(value);
  const detail = recipient.get('detail');
  const of =
    detail === undefined ? '' : `, detail ${text(detail)} of mailbox ${text(recipient.get('mailbox'))}`;
  return line('recipient', `${text(recipient.get('address'))}${of}`);
}

function proofLines(value: unknown): string[] {
  if (value === undefined) return [];
  const proof = fieldsOf(value);
  const floor = proof.get('floorAgoMs');
  const outdated = floor === undefined ? '' : `; what was asked over ${seconds(floor)} ago is outdated`;
  const end = proof.has('closed') ? '; nothing remembered is believed now' : outdated;
  return line('proof', `${text(proof.get('words'))}${end}`);
}

function rememberedLines(value: unknown): string[] {
  if (value === undefined) return line('remembered', 'nothing');
  const entry = fieldsOf(value);
  const believed = entry.get('believed') === true ? 'believed' : 'not believed any more';
  const by = entry.has('by') ? ` by ${text(entry.get('by'))}` : '';
  return line(
    'remembered',
    `${text(entry.get('state'))} ${seconds(entry.get('ageMs'))} ago${by}, ${believed}`,
  );
}

function line(name: string, value: unknown): string[] {
  return value === undefined ? [] : [`${name.padEnd(11)}${printable(keyOfArgument(text(value)))}`];
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function seconds(ms: unknown): string {
  return typeof ms === 'number' ? `${(ms / 1000).toFixed(1)} s` : 'some time';
}
