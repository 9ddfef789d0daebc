// `cyrusmapd tail`: decisions of the running daemon as they are made.
import { UsageError } from '../errors.js';
import type { Reply, Verdict } from '../validation/verdict.js';
import { controlClient, parseLine, type ControlOptions } from './control.js';
import { EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type TailOptions = ControlOptions & {
  readonly verdict?: string;
  readonly domain?: string;
  readonly json?: boolean;
};

/** A line for each: the compiler asks for one that is new. */
const DECIDED: Readonly<Record<Verdict['kind'] | Reply['status'], true>> = {
  deliverable: true,
  unknown: true,
  overquota: true,
  refused: true,
  deferred: true,
  OK: true,
  NOTFOUND: true,
  TEMP: true,
};

/** Verdicts and replies that a decision can have. */
const WORDS = Object.keys(DECIDED);

/** @returns the exit status, when the daemon ends */
export async function tail(options: TailOptions): Promise<number> {
  const { domain, json } = options;
  const verdict = options.verdict === undefined ? undefined : verdictOf(options.verdict);
  const client = await controlClient(options);
  const query = new URLSearchParams();
  if (verdict !== undefined) query.set('verdict', verdict);
  if (domain !== undefined) query.set('domain', domain);
  for await (const line of client.lines(`/tail?${query.toString()}`)) {
    print(json === true ? line : describeLine(parseLine(line)));
  }
  return EX_OK;
}

/** Another word would match no decision, and nothing would be printed for ever. @throws UsageError */
function verdictOf(word: string): string {
  const known = WORDS.find((each) => each.toLowerCase() === word.toLowerCase());
  if (known !== undefined) return known;
  const allowed = `${WORDS.slice(0, -1).join(', ')} or ${WORDS.at(-1)}`;
  throw new UsageError(`--verdict is ${JSON.stringify(word)}: must be ${allowed}`);
}

/** What a line of the stream says: a decision, or how many could not be sent before it. */
function describeLine(fields: ReadonlyMap<string, unknown>): string {
  const dropped = fields.get('dropped');
  if (typeof dropped !== 'number') return describeDecision(fields);
  return `(${dropped} more, which came faster than they were read here)`;
}

/** These fields are shown first, in this order; then all others. */
const FIRST = ['time', 'reply', 'key', 'verdict', 'source'];
const QUIET = new Set(['map']);

/** Always one line, whatever strangers or Cyrus wrote into its fields. */
export function describeDecision(fields: ReadonlyMap<string, unknown>): string {
  const [time = '', reply = '', key = '', verdict = '', source = ''] = FIRST.map((name) =>
    shown(fields.get(name)),
  );
  const others = [...fields].flatMap(([name, value]) =>
    FIRST.includes(name) || QUIET.has(name) ? [] : [`${name}=${quoted(shown(value))}`],
  );
  const head = `${time} ${reply.padEnd(8)} ${key} ${verdict}/${source}`;
  return [head, ...others].join(' ');
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? printable(keyOfArgument(value)) : '';
}

function quoted(value: string): string {
  return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}
